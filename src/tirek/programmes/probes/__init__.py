"""What the records show of a school: each probe answers one requirement of a stage for many schools at once."""
