"""JSON Resume (jsonresume.org, schema 1.0.0), read and written.

| JSON Resume | résumé |
|---|---|
| `basics.name, email, phone, summary` | `full_name, email, phone, summary` |
| `basics.label` | `title` |
| `basics.location` | `address`, its parts joined |
| `basics.url`, `profiles` (with an address) | `links` |
| `work`, `volunteer` | `experience`; `highlights` become the list lines at the end of `description` |
| `education` | `education`; `area` is `field_of_study`, `studyType` `degree`, `score` `gpa`, `courses` list lines |
| `certificates`, `awards` | `certifications` |
| `skills` | one skill for each name and keyword; `level` is a word or 1-5 |
| `languages` | `languages` |
| `projects`, `publications` | `projects` |
| `meta.theme` | `theme`, when there is one of that name |

`image`, `interests` and `references` have no place in a résumé here and are left out; a picture is never fetched from an address.
"""
