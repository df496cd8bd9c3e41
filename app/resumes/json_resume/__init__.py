"""JSON Resume (jsonresume.org, schema 1.0.0), read and written without loss.

| JSON Resume | résumé |
|---|---|
| `basics.name, email, phone, summary` | `full_name, email, phone, summary` |
| `basics.label` | `title`; without one, the first position or the name |
| `basics.location` | `address`, its parts joined |
| `basics.url`, `profiles` | `links` |
| `work` | `experience`; `highlights` become the list lines at the end of `description` |
| `volunteer`, `awards`, `publications`, `interests`, `references`, `languages`, `projects` | the sections of those names |
| `education` | `education`; `area` is `field_of_study`, `studyType` `degree`, `score` `gpa`, `courses` list lines |
| `certificates` | `certifications` |
| `skills` | one skill for each name and keyword; `level` is a word or 1-5 |
| `meta.theme` | `theme`, when there is one of that name |

Members of our own, which the schema allows, hold what it lacks: `work.keywords`, `isCurrent`, `certificates.expirationDate` and
`credentialId`, `publications.authors`, `education.summary`, `meta.accentColor` and `paperSize`.

What a résumé joins or translates (the parts of an address, groups of skills, the word for a level, several roles) is kept with it as it
came, and an export gives it back for every row that was not edited since. What a résumé cannot hold is left out, and the import says so.
A picture is never fetched from an address.
"""
