"""Employers: the companies that recruiters own and post for."""
