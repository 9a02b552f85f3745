"""The SQL of lists."""

COLLATION = """
SELECT collname
  FROM pg_collation
  JOIN unnest(ARRAY['pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8', 'default'])
       WITH ORDINALITY AS wanted (name, place) ON collname = name
 WHERE collnamespace = 'pg_catalog'::regnamespace
   AND collencoding IN (-1, (SELECT encoding FROM pg_database WHERE datname = current_database()))
 ORDER BY place
 LIMIT 1
"""
"""The collation to lower letters by: of no language, and of all letters. PostgreSQL 17 brings one;
before, there is one where it was built with ICU, or where the system has it."""
