"""The words by which applicants are found: names and the résumés they sent, kept in step by the database itself.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# As `fold_words`, with the technical terms that would else lose their signs.
FOLD_TERMS = r"""
CREATE FUNCTION fold_terms(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN fold_words(
    regexp_replace(regexp_replace(regexp_replace(value, '\mc\+\+', 'cplusplus', 'gi'), '\m([cf])#', '\1sharp', 'gi'), '\.net\M', ' dotnet', 'gi')
)
"""
# Every word must be there, the last perhaps unfinished; null when there is none.
QUERY = r"""
CREATE FUNCTION applicant_query(typed text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN to_tsquery('simple', replace(nullif(btrim(fold_terms(typed)), ''), ' ', ' & ') || ':*')
"""
SECTIONS = (
    "skill_items", "experience", "education", "certifications", "languages", "projects", "publications", "awards", "volunteer", "interests",
)  # fmt: skip
SECTION_TEXTS = " || ' ' || ".join(f"""jsonb_path_query_array(r.{name}, 'strict $.**?(@.type() == "string")')::text""" for name in SECTIONS)
# What of a résumé says where its owner lives, or names other people, is not searched. A tsvector holds 1 MB at most.
WORDS = f"""
CREATE FUNCTION applicant_words(of_application bigint) RETURNS tsvector LANGUAGE sql STABLE
RETURN (
    SELECT to_tsvector('simple', fold_terms(left(concat_ws(' ', u.full_name, r.full_name, r.title, r.summary, {SECTION_TEXTS}), 100000)))
    FROM applications a JOIN users u ON u.id = a.candidate_id LEFT JOIN resumes r ON r.id = a.resume_id
    WHERE a.id = of_application
)
"""  # noqa: S608  Names of columns.
KEEP_ONE = """
CREATE FUNCTION keep_applicant_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO applicant_words (application_id, words) VALUES (NEW.id, applicant_words(NEW.id))
    ON CONFLICT (application_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$
"""
# Locked first, by a statement of its own: the second then sees what whoever held the lock has committed.
KEEP_SEVERAL = """
CREATE FUNCTION keep_words_of_applicants() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[];
BEGIN
    IF TG_TABLE_NAME = 'users' THEN
        changed := ARRAY(SELECT id FROM applications WHERE candidate_id = NEW.id ORDER BY id);
    ELSE
        changed := ARRAY(SELECT id FROM applications WHERE resume_id = NEW.id ORDER BY id);
    END IF;
    PERFORM FROM applicant_words WHERE application_id = ANY (changed) ORDER BY application_id FOR UPDATE;
    UPDATE applicant_words SET words = applicant_words(application_id) WHERE application_id = ANY (changed);
    RETURN NULL;
END $$
"""
RESUME_TEXTS = ", ".join(("full_name", "title", "summary", *SECTIONS))
TRIGGERS = {
    "applications": "AFTER INSERT OR UPDATE OF resume_id, candidate_id ON applications FOR EACH ROW EXECUTE FUNCTION keep_applicant_words()",
    "resumes": f"AFTER UPDATE OF {RESUME_TEXTS} ON resumes FOR EACH ROW EXECUTE FUNCTION keep_words_of_applicants()",
    "users": """AFTER UPDATE OF full_name ON users FOR EACH ROW WHEN (OLD.full_name IS DISTINCT FROM NEW.full_name)
                EXECUTE FUNCTION keep_words_of_applicants()""",
}


def upgrade() -> None:
    op.create_table(
        "applicant_words",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_applicant_words_application_id_applications"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_applicant_words")),
    )
    op.create_index("ix_applicant_words_words", "applicant_words", ["words"], postgresql_using="gin")
    for function in (FOLD_TERMS, QUERY, WORDS, KEEP_ONE, KEEP_SEVERAL):
        op.execute(function)
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute("INSERT INTO applicant_words (application_id, words) SELECT id, applicant_words(id) FROM applications")
    for table, when in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {table}_applicant_words {when}")


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER {table}_applicant_words ON {table}")
    for function in ("keep_words_of_applicants()", "keep_applicant_words()", "applicant_words(bigint)", "applicant_query(text)", "fold_terms(text)"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("applicant_words")
