"""The demo board: repeatable, believable, and truthful about what it says of itself."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from app.demo.catalogue import MAX_COMPANIES, CompanySeed, JobSeed, companies, jobs
from app.demo.occupations import OCCUPATIONS, SKILL_LABELS, skill_label
from app.demo.places import PLACES
from app.demo.tables import DATA, LEVELS
from app.demo.terms import BANDS, MILLION
from app.jobs.models import Currency, ExperienceLevel, JobStatus, JobType

TODAY = date(2025, 3, 10)
SEEDS = (1, 7, 2024)
BOARDS: dict[int, list[JobSeed]] = {seed: list(jobs(seed, 1500, companies(seed), TODAY)) for seed in SEEDS}
each_board = pytest.mark.parametrize("board", [pytest.param(board, id=f"seed {seed}") for seed, board in BOARDS.items()])
PROSE = ("title", "description", "requirements", "responsibilities", "benefits")


def text_of(job: JobSeed) -> str:
    return "\n".join(getattr(job, field) for field in PROSE)


def values_of(job: JobSeed, *without: str) -> dict[str, Any]:
    return {name: getattr(job, name) for name in JobSeed.__slots__ if name not in without}


def test_the_same_seed_gives_the_same_board() -> None:
    first = list(jobs(7, 300, companies(7), TODAY))

    again = list(jobs(7, 300, companies(7), TODAY))

    assert again == first


def test_another_seed_gives_another_board() -> None:
    titles = [[job.title for job in BOARDS[seed][:50]] for seed in SEEDS]

    assert titles[0] != titles[1] != titles[2]
    assert companies(1) != companies(7)


def test_a_longer_board_begins_with_the_shorter_one() -> None:
    short = list(jobs(7, 50, companies(7), TODAY))

    assert BOARDS[7][:50] == short


@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_stream_yields_as_many_jobs_as_asked_numbered_from_zero(count: int) -> None:
    stream = jobs(7, count, companies(7), TODAY)

    assert [job.index for job in stream] == list(range(count))


def test_the_stream_is_lazy_so_that_huge_boards_need_no_memory() -> None:
    stream = jobs(7, 10**12, companies(7), TODAY)

    assert [job.index for job in islice(stream, 3)] == [0, 1, 2]


def test_another_day_moves_the_dates_and_nothing_else() -> None:
    later = list(jobs(7, 300, companies(7), TODAY + timedelta(days=100)))

    for before, after in zip(BOARDS[7], later, strict=False):
        assert values_of(after, "deadline", "created_at") == values_of(before, "deadline", "created_at")
        assert after.deadline - before.deadline == timedelta(days=100)
        assert after.created_at - before.created_at == timedelta(days=100)


@each_board
def test_the_first_job_can_be_applied_to_and_states_its_pay(board: list[JobSeed]) -> None:
    job = board[0]

    assert (job.status, job.deadline, job.company_index) == ("OPEN", TODAY + timedelta(days=45), 0)
    assert (job.job_type, job.experience_level, job.occupation) == ("FULL_TIME", "MIDDLE", "backend-developer")
    assert job.currency == "VND"
    assert job.salary_min is not None and job.salary_max is not None
    assert 18 * MILLION <= job.salary_min < job.salary_max <= 38 * MILLION


@each_board
def test_pay_fits_the_level_and_the_occupation(board: list[JobSeed]) -> None:
    for job in board:
        bottom, top = BANDS[OCCUPATIONS[job.occupation].grade][job.experience_level]
        share = 0.5 if job.job_type == "PART_TIME" else 1
        for amount in filter(None, (job.salary_min, job.salary_max)):
            if job.currency == "VND":
                assert bottom * share * MILLION <= amount <= top * share * MILLION, job
            else:
                assert 400 <= amount <= 6000, job
                assert amount % 50 == 0, job
        if job.salary_min and job.salary_max:
            assert job.salary_min < job.salary_max <= 2 * job.salary_min, job


def test_the_bands_of_pay_rise_with_the_level_and_stay_within_reason() -> None:
    for band in BANDS.values():
        bottoms, tops = zip(*(band[level] for level in LEVELS), strict=True)
        assert list(bottoms) == sorted(bottoms)
        assert list(tops) == sorted(tops)
        assert band["INTERN"][0] >= 3 and band["INTERN"][1] <= 6
    assert BANDS["technology"]["LEAD"] == (60, 120)


@each_board
def test_a_job_without_stated_pay_is_negotiable(board: list[JobSeed]) -> None:
    silent = [job for job in board if job.salary_min is None and job.salary_max is None]

    assert silent
    assert all(job.is_negotiable for job in silent)


@each_board
def test_interns_and_only_interns_are_on_internships(board: list[JobSeed]) -> None:
    assert all((job.job_type == "INTERNSHIP") == (job.experience_level == "INTERN") for job in board)


@each_board
def test_every_choice_is_one_that_the_api_knows(board: list[JobSeed]) -> None:
    assert {job.job_type for job in board} == set(JobType)
    assert {job.experience_level for job in board} == set(ExperienceLevel)
    assert {job.status for job in board} == set(JobStatus)
    assert {job.currency for job in board} == set(Currency)
    assert {job.language for job in board} == {"vi", "en"}


@each_board
def test_dates_lie_around_today(board: list[JobSeed]) -> None:
    midnight = datetime(2025, 3, 10, tzinfo=UTC)

    for job in board:
        assert job.created_at.utcoffset() == timedelta(0)
        assert midnight - timedelta(days=60) <= job.created_at < midnight
        assert job.created_at.date() < job.deadline <= TODAY + timedelta(days=55)


@each_board
def test_most_jobs_are_open_and_a_few_are_drafts_closed_or_past_their_deadline(board: list[JobSeed]) -> None:
    shares = {status: sum(job.status == status for job in board) / len(board) for status in JobStatus}
    expired = sum(job.status == "OPEN" and job.deadline < TODAY for job in board) / len(board)

    assert shares[JobStatus.OPEN] > 0.8
    assert 0.02 < shares[JobStatus.DRAFT] < 0.07
    assert 0.03 < shares[JobStatus.CLOSED] < 0.12
    assert 0.005 < expired < 0.06
    assert not [job for job in board if job.status == "DRAFT" and job.deadline < TODAY]


@each_board
def test_keys_lead_to_the_place_and_the_occupation(board: list[JobSeed]) -> None:
    for job in board:
        assert job.location == PLACES[job.place].location
        assert job.is_remote == (job.place == "remote")
        occupation = OCCUPATIONS[job.occupation]
        assert any(set(track.skills) <= set(job.skills) <= {*track.skills, *track.extras} for track in occupation.tracks)


@each_board
def test_the_big_towns_have_most_of_the_jobs_and_some_are_remote(board: list[JobSeed]) -> None:
    shares = {key: sum(job.place == key for job in board) / len(board) for key in PLACES}

    assert shares["ho-chi-minh"] + shares["ha-noi"] > 0.4
    assert shares["da-nang"] > 0.05
    assert 0.02 < shares["remote"] < 0.2


@each_board
def test_each_skill_is_named_in_the_requirements(board: list[JobSeed]) -> None:
    for job in board:
        for skill in job.skills:
            assert skill_label(skill, job.language).casefold() in job.requirements.casefold(), (skill, job)


@each_board
def test_no_product_is_named_that_is_not_among_the_skills(board: list[JobSeed]) -> None:
    """Else a search for it would find a job that the catalogue's own keys call irrelevant."""
    pools = (skill for occupation in OCCUPATIONS.values() for track in occupation.tracks for skill in (*track.skills, *track.extras))
    products = sorted(set(pools) - set(SKILL_LABELS), key=len, reverse=True)
    pattern = re.compile(r"(?<![\w.+#])(?:" + "|".join(map(re.escape, products)) + r")(?![\w+#])")

    for job in board:
        named = set(pattern.findall(text_of(job)))
        assert named == {skill for skill in job.skills if skill in products}, job


@each_board
def test_text_is_finished_and_normalised(board: list[JobSeed]) -> None:
    for job in board:
        text = text_of(job)
        assert unicodedata.is_normalized("NFC", text), job
        assert not re.search(r"[{}]|  | \n|\.\.|None|[.:]-", text), job
        assert job.title == job.title.strip() and 4 <= len(job.title) <= 90, job
        assert all(line.startswith("- ") and line.endswith(".") for line in job.responsibilities.splitlines()), job
        assert all(line.startswith("- ") and line.endswith(".") for line in job.requirements.splitlines()), job
        assert all(line.startswith("- ") and line.endswith(".") for line in job.benefits.splitlines()), job


@each_board
def test_three_hundred_jobs_do_not_read_as_copies(board: list[JobSeed]) -> None:
    page = board[:300]

    assert len({job.title for job in page}) >= 220
    assert len({job.description for job in page}) == 300
    assert len({job.requirements for job in page}) == 300
    assert len({job.occupation for job in page}) >= 30
    assert len({job.company_index for job in page}) >= 38


@each_board
def test_vietnamese_jobs_have_accents_and_english_ones_are_english(board: list[JobSeed]) -> None:
    for job in board:
        marks = sum(unicodedata.combining(letter) > 0 for letter in unicodedata.normalize("NFD", job.requirements))
        assert marks > 40 if job.language == "vi" else marks == 0, job


def test_the_data_files_are_normalised() -> None:
    files = sorted(DATA.rglob("*.toml"))

    assert len(files) >= 10
    assert [path.name for path in files if not unicodedata.is_normalized("NFC", path.read_text(encoding="utf-8"))] == []


def test_each_occupation_can_be_put_into_words_at_every_level_it_has() -> None:
    assert len(OCCUPATIONS) >= 25
    for occupation in OCCUPATIONS.values():
        assert [track for track in occupation.tracks if not track.only], occupation.key
        for wording in occupation.wording.values():
            assert all(wording.titles[level] for level in occupation.levels.options), occupation.key
            assert len(wording.duties) >= 6 and len(wording.needs) >= 4 and len(wording.summaries) >= 2, occupation.key


def test_a_board_may_have_one_company() -> None:
    only = companies(7, 1)

    assert {job.company_index for job in jobs(7, 20, only, TODAY)} == {0}


def test_companies_are_as_many_as_asked_and_have_different_names() -> None:
    made = companies(7, 400)

    assert [company.index for company in made] == list(range(400))
    assert len({company.name.casefold() for company in made}) == 400
    assert len({company.website for company in made}) == 400
    assert companies(7)[:40] == made[:40] and len(companies(7)) == 40


def test_a_made_up_company_has_the_sector_of_its_name() -> None:
    made = companies(7, MAX_COMPANIES)

    names = {company.name: company.sector for company in made}
    assert len(names) == MAX_COMPANIES
    assert names["Khách sạn Anh Đào"] == "hospitality"
    assert names["Trung tâm Anh ngữ Hải Đăng"] == "education"


@pytest.mark.parametrize("count", [-1, MAX_COMPANIES + 1])
def test_more_companies_than_there_are_names_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"not {count}"):
        companies(7, count)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_company_is_complete_and_lives_on_an_example_domain(seed: int) -> None:
    for company in companies(seed, 80):
        assert re.fullmatch(r"https://[a-z0-9-]+\.example\.com", company.website), company
        assert re.fullmatch(r"\d+-\d+", company.company_size), company
        assert company.location == PLACES[company.place].location
        assert len(company.description) > 40 and company.brand and company.industry, company
        assert unicodedata.is_normalized("NFC", company.name + company.description)


def test_the_first_company_is_the_same_for_every_seed() -> None:
    assert {companies(seed)[0].name for seed in range(5)} == {"Công ty Cổ phần Công nghệ Sen Việt Số"}


def test_a_company_is_hiring_in_its_own_sector() -> None:
    made: list[CompanySeed] = companies(7)

    for job in BOARDS[7][1:]:
        sector = made[job.company_index].sector
        occupation = OCCUPATIONS[job.occupation]
        assert occupation.anywhere or occupation.demand[sector], (sector, job.occupation)
