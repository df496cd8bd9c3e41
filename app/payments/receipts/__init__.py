"""Receipts for what was paid and credit notes for what was given back: numbered without gaps, printed by the pdf queue, mailed.

Settlement and refunds only leave a task. That task takes the next number of the year in a short transaction of its own, so numbering
never makes a settlement wait; printing and mail follow as tasks of their own, and neither can cost a number.
"""
