-- The factor table of 15 January 2026, written by hand for DuckDB: what `events.py` measures the library against.
-- It holds for this day and these tables alone: semester 1 of 2025/26 is the window, no school states its own semesters,
-- no mark is a yearly one. The tables "calendar" (school days before each date) and "usual" (lessons a day by programme and
-- level) are put beside it; {names} in braces are lists of catalogue ids.

CREATE OR REPLACE TEMP VIEW absence_rows AS
WITH known AS NOT MATERIALIZED (
    SELECT * FROM absences WHERE date < DATE '2026-01-15' AND (recorded_on IS NULL OR recorded_on < DATE '2026-01-15')
),
versions AS (
    SELECT pupil_id, date, status, excused_on, lessons_missed, lessons_held
    FROM known WHERE record_id IS NULL AND date >= DATE '2025-09-01'
    UNION ALL
    SELECT pupil_id, date, status, excused_on, lessons_missed, lessons_held
    FROM (SELECT * FROM known WHERE record_id IS NOT NULL
          QUALIFY row_number() OVER (PARTITION BY pupil_id, record_id
                                     ORDER BY coalesce(recorded_on, date) DESC, date DESC, status DESC) = 1)
    WHERE date >= DATE '2025-09-01'
),
that_day AS (
    SELECT pupil_id, date, lessons_missed, lessons_held,
        CASE WHEN status IN ('excused_illness', 'excused_other', 'excused_school_event')
                  AND (excused_on >= DATE '2026-01-15' OR (excused_on IS NULL AND date >= DATE '2026-01-08'))
             THEN 'absent_open'
             WHEN status = 'absent_unexcused' AND date >= DATE '2026-01-08' THEN 'absent_open'
             WHEN status = 'absent_open' AND excused_on < DATE '2026-01-15' THEN 'excused_other'
             ELSE status END AS status
    FROM versions
)
SELECT pupil_id, date, status,
    coalesce(CAST(round(lessons_missed * 100) AS INTEGER),
             CASE WHEN status LIKE 'absent%' OR status LIKE 'excused%' THEN 100 ELSE 0 END) AS lessons,
    CAST(round(lessons_held * 100) AS INTEGER) AS held,
    status = 'present' OR (lessons_missed = 0 AND lessons_held > 0) AS register
FROM that_day;

CREATE OR REPLACE TEMP VIEW absence_sums AS
WITH each AS (
    SELECT pupil_id, date, status, lessons, coalesce(held, greatest(lessons, 100)) AS held,
        coalesce(register, FALSE) AS register,
        status IN ('absent_open', 'absent_unexcused', 'excused_illness', 'excused_other', 'left_early') AS missed,
        date < DATE '2025-12-20' AS in_window,
        date >= DATE '2025-12-16' AS recent,
        date >= DATE '2025-11-16' AND date < DATE '2025-12-16' AS before
    FROM absence_rows
)
SELECT pupil_id,
    sum(lessons) FILTER (WHERE missed AND in_window) AS missed_window,
    sum(lessons) FILTER (WHERE missed AND recent) AS missed_recent,
    sum(lessons) FILTER (WHERE missed AND before) AS missed_before,
    sum(held) FILTER (WHERE in_window) AS held_window,
    sum(held) FILTER (WHERE recent) AS held_recent,
    sum(held) FILTER (WHERE before) AS held_before,
    bool_or(register AND in_window) AS register_window,
    bool_or(register AND recent) AS register_recent,
    bool_or(register AND before) AS register_before,
    count(*) FILTER (WHERE status = 'late' AND in_window) AS late,
    sum(lessons) FILTER (WHERE in_window AND (status = 'absent_unexcused'
                         OR (status = 'absent_open' AND date < DATE '2026-01-08'))) AS unexcused,
    sum(lessons) FILTER (WHERE in_window AND status = 'absent_open' AND date >= DATE '2026-01-08') AS still_open
FROM each GROUP BY pupil_id;

CREATE OR REPLACE TEMP VIEW mark_sums AS
WITH that_day AS (
    SELECT pupil_id, subject, date, kind, semester,
        CASE WHEN corrected_mark IS NOT NULL AND (corrected_on IS NULL OR corrected_on < DATE '2026-01-15')
             THEN corrected_mark ELSE mark END AS mark,
        CASE WHEN corrected_mark IS NOT NULL AND (corrected_on IS NULL OR corrected_on < DATE '2026-01-15')
             THEN NULL ELSE sign END AS sign
    FROM marks WHERE date < DATE '2026-01-15' AND (recorded_on IS NULL OR recorded_on < DATE '2026-01-15')
),
coded AS (
    SELECT pupil_id, subject, date, kind, semester, CAST(round(mark * 10) AS INTEGER) AS tenths,
        coalesce(CAST(round(mark * 10) AS INTEGER), CASE sign WHEN 'nv' THEN 1 WHEN 'exempt' THEN 2 END) AS code,
        (date - DATE '2024-01-01') * 256 AS day
    FROM that_day
),
subjects AS (
    SELECT pupil_id, subject,
        max(day + code) FILTER (WHERE kind = 'semester' AND (semester = '2025/2026-1' OR (semester IS NULL
            AND date >= DATE '2025-09-01' AND date < DATE '2026-01-10'))) % 256 AS final,
        max(day + code) FILTER (WHERE kind = 'semester' AND (semester = '2024/2025-2' OR (semester IS NULL
            AND date >= DATE '2025-01-11' AND date < DATE '2025-09-01'))) % 256 AS earlier,
        count(tenths) FILTER (WHERE kind IN ('daily', 'test') AND date >= DATE '2025-09-01'
            AND date < DATE '2025-12-20') AS n,
        sum(tenths) FILTER (WHERE kind IN ('daily', 'test') AND date >= DATE '2025-09-01'
            AND date < DATE '2025-12-20') AS tenths
    FROM coded
    WHERE code IS NOT NULL AND (kind = 'semester' OR (date >= DATE '2025-09-01' AND date < DATE '2025-12-20'))
    GROUP BY pupil_id, subject
),
latest AS (
    SELECT pupil_id, final, earlier,
        coalesce(final, CASE WHEN n >= 3 THEN CAST((2 * tenths + 10 * n) // (20 * n) * 10 AS INTEGER) END) AS code
    FROM subjects
)
SELECT pupil_id,
    CASE WHEN count(*) FILTER (WHERE code >= 10) > 0 THEN count(*) FILTER (WHERE code >= 10 AND code < 40) END AS failing,
    CAST(sum(code) FILTER (WHERE code >= 10) AS DOUBLE) / (10.0 * count(*) FILTER (WHERE code >= 10)) AS mean_mark,
    CAST(sum(code - earlier) FILTER (WHERE code >= 10 AND earlier >= 10) AS DOUBLE)
        / (10.0 * count(*) FILTER (WHERE code >= 10 AND earlier >= 10)) AS mark_trend,
    CASE WHEN count(final) > 0 THEN count(*) FILTER (WHERE final = 1) END AS not_assessed
FROM latest WHERE code IS NOT NULL GROUP BY pupil_id;

CREATE OR REPLACE TEMP VIEW incident_counts AS
SELECT pupil_id,
    count(*) FILTER (WHERE kind = 'peer_conflict' AND date < DATE '2025-12-20') AS peer_conflicts,
    count(*) FILTER (WHERE kind = 'teacher_conflict' AND date < DATE '2025-12-20') AS teacher_conflicts,
    count(*) FILTER (WHERE kind = 'rule_breach' AND date < DATE '2025-12-20') AS rule_breaches,
    count(*) FILTER (WHERE kind = 'bullying' AND date < DATE '2025-12-20') AS bullying,
    count(*) FILTER (WHERE kind = 'violence') AS violence
FROM incidents
WHERE date >= DATE '2025-09-01' AND date < DATE '2026-01-15' AND (recorded_on IS NULL OR recorded_on < DATE '2026-01-15')
GROUP BY pupil_id;

CREATE OR REPLACE TEMP VIEW judged AS
WITH latest AS (
    SELECT pupil_id, factor, arg_max(value, (date, value)) AS value
    FROM assessments
    WHERE date >= DATE '2025-09-01' AND date < DATE '2026-01-15' AND (recorded_on IS NULL OR recorded_on < DATE '2026-01-15')
        AND value IS NOT NULL
    GROUP BY pupil_id, factor
)
SELECT pupil_id, {judged} FROM latest GROUP BY pupil_id;

CREATE OR REPLACE TEMP VIEW roll AS
WITH latest AS (
    SELECT * FROM pupils WHERE semester <= '2025/2026-2' QUALIFY semester = max(semester) OVER (PARTITION BY school_id)
),
gone AS (
    SELECT pupil_id, max(date) AS date, arg_max(outcome, (date, outcome)) AS outcome
    FROM outcomes WHERE date < DATE '2026-01-15' GROUP BY pupil_id
    HAVING outcome IN ('died', 'dropped_out', 'emigrated', 'graduated', 'transferred')
)
SELECT latest.* FROM latest LEFT JOIN gone USING (pupil_id)
WHERE (enrolled_from IS NULL OR enrolled_from < DATE '2026-01-15')
    AND (gone.date IS NULL OR gone.date < DATE '2025-09-01' OR enrolled_from >= gone.date)
QUALIFY row_number() OVER (PARTITION BY pupil_id ORDER BY enrolled_from DESC NULLS LAST, school_id DESC) = 1;

CREATE OR REPLACE TEMP VIEW histories AS
WITH each AS (
    SELECT pupil_id, semester, school_id, programme, level FROM pupils WHERE semester <= '2025/2026-2'
    QUALIFY row_number() OVER (PARTITION BY pupil_id, semester ORDER BY enrolled_from DESC NULLS LAST, school_id DESC) = 1
),
steps AS (
    SELECT *, lag(school_id) OVER w AS school_before, lag(level) OVER w AS level_was, lag(programme) OVER w AS programme_was
    FROM each WINDOW w AS (PARTITION BY pupil_id ORDER BY semester)
)
SELECT pupil_id, CASE WHEN count(*) > 1 THEN count(*) FILTER (WHERE school_id <> school_before
        AND NOT ((programme = 'vocational' AND level = 1 OR programme IN ('general', 'evening') AND level = 10)
                 AND NOT (level = level_was AND programme = programme_was))) END AS school_changes,
    arg_max((programme, level), semester) FILTER (WHERE semester < '2025') AS year_before
FROM steps GROUP BY pupil_id;

CREATE OR REPLACE TEMP VIEW lessons AS
SELECT roll.*, usual.lessons AS a_day,
    greatest(0, {window_last} - greatest({window_first}, coalesce(before, 0))) AS days_window,
    greatest(0, {before_last} - greatest({before_first}, coalesce(before, 0))) AS days_before,
    greatest(0, {recent_first_last} - greatest({recent_first_first}, coalesce(before, 0)))
        + greatest(0, {recent_second_last} - greatest({recent_second_first}, coalesce(before, 0))) AS days_recent,
    {today} - greatest({year_start}, coalesce(before, 0)) AS days_known
FROM roll LEFT JOIN calendar ON calendar.date = roll.enrolled_from
    LEFT JOIN usual ON usual.programme = roll.programme AND usual.level = roll.level;

-- Windows over few columns, before the wide joins: less memory.
CREATE OR REPLACE TEMP VIEW shares AS
WITH joined AS (
    SELECT lessons.pupil_id, school_id, programme, level, a_day, days_window, days_recent, days_before,
        absence_sums.* EXCLUDE (pupil_id), mark_sums.* EXCLUDE (pupil_id),
        bool_or(register_window) OVER school AS by_window, bool_or(register_recent) OVER school AS by_recent,
        bool_or(register_before) OVER school AS by_before
    FROM lessons LEFT JOIN absence_sums USING (pupil_id) LEFT JOIN mark_sums USING (pupil_id)
    WINDOW school AS (PARTITION BY school_id)
),
held AS (
    SELECT *,
        CASE WHEN days_window >= 5 THEN nullif(CASE WHEN by_window THEN coalesce(held_window, 0) / 100.0
             ELSE a_day * days_window END, 0) END AS lessons_window,
        CASE WHEN days_recent >= 5 THEN nullif(CASE WHEN by_recent THEN coalesce(held_recent, 0) / 100.0
             ELSE a_day * days_recent END, 0) END AS lessons_recent,
        CASE WHEN days_before >= 5 THEN nullif(CASE WHEN by_before THEN coalesce(held_before, 0) / 100.0
             ELSE a_day * days_before END, 0) END AS lessons_before
    FROM joined
),
alone AS (
    SELECT pupil_id, school_id, programme, level,
        coalesce(unexcused, 0) / 100.0 AS unexcused_raw,
        coalesce(still_open, 0) / 100.0 AS open_raw,
        least(coalesce(missed_window, 0) / 100.0 / lessons_window, 1) AS absence_share,
        least(100.0 * (coalesce(unexcused, 0) / 100.0) / lessons_window, 100) AS unexcused_lessons,
        least(coalesce(missed_recent, 0) / 100.0 / lessons_recent, 1) AS absence_recent,
        least(coalesce(missed_recent, 0) / 100.0 / lessons_recent, 1)
            - least(coalesce(missed_before, 0) / 100.0 / lessons_before, 1) AS absence_trend,
        least(100.0 * coalesce(late, 0) / lessons_window, 100) AS lateness,
        CAST(failing AS DOUBLE) AS failing_subjects, mean_mark, mark_trend, CAST(not_assessed AS DOUBLE) AS not_assessed
    FROM held
)
SELECT * EXCLUDE (school_id, programme, level),
    CASE WHEN count(absence_share) OVER peers >= 6
         THEN absence_share - median(absence_share) OVER peers END AS absence_share_vs_peers,
    CASE WHEN count(mean_mark) OVER peers >= 6 THEN mean_mark - median(mean_mark) OVER peers END AS mean_mark_vs_peers,
    CASE WHEN count(failing_subjects) OVER peers >= 6
         THEN failing_subjects - median(failing_subjects) OVER peers END AS failing_subjects_vs_peers
FROM alone WINDOW peers AS (PARTITION BY school_id, programme, level);

COPY (
    WITH born AS (
        SELECT *,
            make_date(2026, month(birth_date), 1) + CAST(day(birth_date) - 1 AS INTEGER) AS birthday,
            make_date(2025, month(birth_date), 1) + CAST(day(birth_date) - 1 AS INTEGER) AS birthday_last,
            make_date(2027, month(birth_date), 1) + CAST(day(birth_date) - 1 AS INTEGER) AS birthday_next
        FROM lessons
    )
SELECT born.pupil_id, school_id, class_id, level, programme,
    CASE WHEN birthday <= DATE '2026-01-15'
         THEN 2026 - year(birth_date) + date_diff('day', birthday, TIMESTAMP '2026-01-15')
              / CAST(date_diff('day', birthday, birthday_next) AS DOUBLE)
         ELSE 2025 - year(birth_date) + date_diff('day', birthday_last, TIMESTAMP '2026-01-15')
              / CAST(date_diff('day', birthday_last, birthday) AS DOUBLE) END AS age,
    CASE WHEN coalesce(enrolled_from >= DATE '2025-09-01', FALSE)
              OR (programme = 'vocational' AND level = 1) OR (programme <> 'vocational' AND level IN (1, 10)) THEN CAST(1 AS DOUBLE)
         ELSE 0 END AS first_year,
    CAST(days_known AS DOUBLE) AS days_known,
    '2025/2026-1' AS semester,
    '2025/2026-1' AS unexcused_semester,
    shares.* EXCLUDE (pupil_id),
    CASE WHEN year_before[1] = programme THEN CAST(year_before[2] = level AS DOUBLE) END AS repeated_level,
    CASE WHEN birth_date IS NOT NULL
         THEN CAST(least(greatest(2025 - CASE programme WHEN 'vocational' THEN 15 ELSE 6 END - level - year(birth_date), 0), 10)
              AS DOUBLE) END AS over_age,
    {factors},
    CAST(school_changes AS DOUBLE) AS school_changes,
    CASE WHEN programme = 'vocational' THEN CAST(level = 1 AS DOUBLE) ELSE CAST(level = 10 AS DOUBLE) END AS transition_year,
    CASE WHEN programme || '-' || CAST(level AS INTEGER) IN ({levels}) THEN programme || '-' || CAST(level AS INTEGER)
        END AS programme_level
FROM born LEFT JOIN shares USING (pupil_id) LEFT JOIN incident_counts USING (pupil_id) LEFT JOIN judged USING (pupil_id)
        LEFT JOIN histories USING (pupil_id)
    ORDER BY pupil_id
) TO '{target}' (FORMAT parquet, ROW_GROUP_SIZE 65536);
