"""The law of teachers' growth: who completed a course, who may apply for a category, who judges, and what the judgements say."""
