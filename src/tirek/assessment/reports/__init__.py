"""Reports as plain data, for the page and the PDF alike."""
