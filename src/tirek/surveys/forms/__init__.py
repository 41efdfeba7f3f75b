"""A questionnaire as a thing of its own: read from an XLSForm, understood, asked page by page. No database."""
