"""Postings: their life from draft to purge, saved jobs, and the cached public view."""
