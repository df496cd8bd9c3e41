"""Conversations between a candidate and a recruiter about a job: messages in monthly partitions, unread counters, read marks."""
