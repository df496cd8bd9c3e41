"""What is printed, and nothing else: cleaned values in the order of the page."""

from dataclasses import dataclass

from app.resumes.rendering.labels import Labels
from app.resumes.rendering.links import Link
from app.resumes.rendering.text import Block


@dataclass(frozen=True, slots=True)
class Entry:
    """One job, school, project or certificate.

    `period` stands at the right of `title`; `facts` and `link` follow `subtitle` on its line; `body` and the list of `technologies`
    come below.
    """

    title: str
    subtitle: str = ""
    period: str = ""
    facts: tuple[str, ...] = ()
    link: Link | None = None
    body: tuple[Block, ...] = ()
    technologies: str = ""


@dataclass(frozen=True, slots=True)
class Rated:
    """A skill with its level from 1 to 5 (`None`: not rated)."""

    name: str
    level: int | None


@dataclass(frozen=True, slots=True)
class Language:
    """A language and how well it is spoken, in the person's own words (may be empty)."""

    name: str
    level: str


@dataclass(frozen=True, slots=True)
class Interest:
    """Something a person likes, and what of it (may be empty)."""

    name: str
    details: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole résumé. `photo` holds PNG or JPEG bytes; `fault` is the sentence that says why it cannot be printed, if it cannot."""

    labels: Labels
    name: str
    headline: str
    email: Link | None
    phone: str
    address: str
    links: tuple[tuple[str, Link], ...]
    photo: bytes | None
    summary: tuple[Block, ...]
    experience: tuple[Entry, ...]
    education: tuple[Entry, ...]
    projects: tuple[Entry, ...]
    certifications: tuple[Entry, ...]
    publications: tuple[Entry, ...]
    awards: tuple[Entry, ...]
    volunteer: tuple[Entry, ...]
    references: tuple[Entry, ...]
    rated_skills: tuple[Rated, ...]
    plain_skills: tuple[str, ...]
    languages: tuple[Language, ...]
    interests: tuple[Interest, ...]
    fault: str | None

    @property
    def contacts(self) -> tuple[Link, ...]:
        """The e-mail address and the telephone number, as far as they are known."""
        return tuple(link for link in (self.email, Link(self.phone) if self.phone else None) if link)

    def bodies(self) -> tuple[tuple[Block, ...], ...]:
        """Every piece of free text."""
        sections = (self.experience, self.education, self.projects, self.certifications, self.publications, self.awards, self.volunteer)
        return (self.summary, *(entry.body for section in (*sections, self.references) for entry in section))
