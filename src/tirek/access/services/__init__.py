"""What may be done to users, grants and programs. Each service checks the right and leaves a trace."""
