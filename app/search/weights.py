"""What counts how much in the order by relevance, in either engine."""

TITLE, HEADLINE = 1.0, 0.4
"""What a term counts in the title, and in the company's name or the place."""

ACCENTS, IN_A_ROW, WHOLE_TEXT = 0.3, 0.4, 0.3
"""What the typed accents, terms in a row, and the frequency of words in the whole text add at most."""

PLACE = 1.3
"""By how much a job at the preferred place is raised."""

FRESHNESS, DAYS = 0.15, 30
"""The share of the score that fades with age, and the days in which it falls to 1/e."""

LENGTH, LETTERS = 0.2, 100
"""The share that a title of so many letters, or of more, loses."""
