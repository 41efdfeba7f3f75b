"""Teachers' growth: courses, certificates, certification."""
