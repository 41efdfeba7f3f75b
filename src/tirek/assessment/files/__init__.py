"""Files that come in: answers, marked faults, QTI."""
