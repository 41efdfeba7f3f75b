"""The programme of support schools: so far its evaluation, as tools that need no server."""
