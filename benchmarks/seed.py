"""Fills an empty database with people and projects, in SQL, for the benchmarks."""

import psycopg

USERS = """
INSERT INTO users (email, username, full_name, hashed_password, created_at)
SELECT lower(f[1 + g % 20] || '.' || l[1 + g / 20 % 25] || g || '@example.com'),
       f[1 + g % 20] || l[1 + g / 20 % 25] || g,
       f[1 + g % 20] || ' ' || l[1 + g / 20 % 25], %(hash)s, timestamptz '2026-01-01' + g * interval '20 seconds'
FROM generate_series(1, %(count)s) AS g,
     (SELECT ARRAY['Ana','Bo','Chiara','Deniz','Emre','Fatou','Goran','Hana','Ines','Jun','Katya','Liam','Mei','Noor',
                   'Olu','Priya','Quim','Rosa','Sven','Tomas'] AS f,
             ARRAY['Almeida','Berg','Costa','Dvorak','Eriksen','Fischer','Garcia','Haddad','Ito','Jansen','Kowalski',
                   'Lopez','Moreau','Novak','Okafor','Petrov','Quinn','Rossi','Singh','Tanaka','Ueda','Varga','Weber',
                   'Yilmaz','Zhang'] AS l) AS names
"""

PROJECTS = """
INSERT INTO projects (name, slug, description, owner_id, created_at)
SELECT 'Project ' || g, 'project-' || g,
       'Description of project number ' || g || ', a line of text of ordinary length.',
       (SELECT min(id) FROM users) + g %% (SELECT count(*) FROM users),
       timestamptz '2026-01-01' + g * interval '1 minute'
FROM generate_series(1, %(count)s) AS g
"""

OWNERS = """
INSERT INTO project_members (project_id, user_id, role)
SELECT id, owner_id, 'owner' FROM projects ON CONFLICT DO NOTHING
"""


def seed(database_url: str, *, users: int, projects: int) -> None:
    """Add that many rows and update the statistics. None of these users can sign in."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(USERS.replace("% 20", "%% 20").replace("% 25", "%% 25"), {"count": users, "hash": "!"})
        if projects:
            connection.execute(PROJECTS, {"count": projects})
            connection.execute(OWNERS)
        connection.execute("VACUUM ANALYZE")
