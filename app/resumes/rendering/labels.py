"""The printed words that are not the person's own, in Vietnamese and English, and how to tell which of the two a résumé is written in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Labels:
    """Headings and small words of one language; `months` is empty where months are written as numbers."""

    lang: str
    summary: str
    experience: str
    education: str
    projects: str
    skills: str
    certifications: str
    languages: str
    publications: str
    awards: str
    volunteer: str
    interests: str
    references: str
    contact: str
    phone: str
    email: str
    address: str
    links: str
    photo: str
    present: str
    gpa: str
    valid_until: str
    credential: str
    technologies: str
    months: tuple[str, ...]


VIETNAMESE = Labels(
    lang="vi",
    summary="Giới thiệu",
    experience="Kinh nghiệm làm việc",
    education="Học vấn",
    projects="Dự án",
    skills="Kỹ năng",
    certifications="Chứng chỉ",
    languages="Ngôn ngữ",
    publications="Công bố khoa học",
    awards="Giải thưởng",
    volunteer="Hoạt động xã hội",
    interests="Sở thích",
    references="Người tham chiếu",
    contact="Liên hệ",
    phone="Điện thoại",
    email="Email",
    address="Địa chỉ",
    links="Liên kết",
    photo="Ảnh chân dung",
    present="Hiện tại",
    gpa="GPA",
    valid_until="Có giá trị đến",
    credential="Mã chứng chỉ",
    technologies="Công nghệ",
    months=(),
)

ENGLISH = Labels(
    lang="en",
    summary="Profile",
    experience="Work experience",
    education="Education",
    projects="Projects",
    skills="Skills",
    certifications="Certifications",
    languages="Languages",
    publications="Publications",
    awards="Awards",
    volunteer="Volunteering",
    interests="Interests",
    references="References",
    contact="Contact",
    phone="Phone",
    email="Email",
    address="Address",
    links="Links",
    photo="Portrait",
    present="Present",
    gpa="GPA",
    valid_until="Valid until",
    credential="Credential ID",
    technologies="Technologies",
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

_WORD = re.compile(r"[^\W\d_]+")
# Letters that Vietnamese writes and no other language of this market does; one à, é or ô proves nothing.
_VIETNAMESE_LETTER = re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]")

# Some two thirds of the syllables of Vietnamese prose carry such a letter; an English text reaches a few per cent by names alone.
_SHARE = 0.15

# Short texts such as “Nhân viên bán hàng” may have none of them, yet a mark on every other word; French has one on every fourth.
_MARKED_LETTER = re.compile("[àáâãèéêìíòóôõùúý]")
_MARKED_SHARE = 0.45


def labels_for(lang: str, texts: Iterable[str]) -> Labels:
    """The labels of `lang` when it is `vi` or `en`, else of the language that `texts` (cleaned prose and titles) are written in."""
    if lang in ("vi", "en"):
        return VIETNAMESE if lang == "vi" else ENGLISH
    words = [word for text in texts for word in _WORD.findall(text.lower())]
    telling = sum(1 for word in words if _VIETNAMESE_LETTER.search(word))
    marked = telling + sum(1 for word in words if _MARKED_LETTER.search(word) and not _VIETNAMESE_LETTER.search(word))
    return VIETNAMESE if words and (telling / len(words) >= _SHARE or marked / len(words) >= _MARKED_SHARE) else ENGLISH
