"""What changes programmes, plans and needs. Each service checks the right, takes its locks late and refuses in words."""
