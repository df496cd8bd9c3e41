"""Résumés, their import and export, and their PDF."""
