"""What pages of programmes show, made ready: words, rows, links."""
