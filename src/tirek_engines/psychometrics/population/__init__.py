"""What is known of persons besides their answers: regressions, schools, plausible values."""
