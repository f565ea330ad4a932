-- What must exist before the expectations of this folder are replayed; it is created anew for each file.
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE child (id int PRIMARY KEY, t_id int);
CREATE TABLE bulk (id int);
CREATE TABLE big (id int PRIMARY KEY, n bigint NOT NULL, small int);
CREATE TABLE keyless (id int PRIMARY KEY, e interval, f bytea, g json, h jsonb, i timetz);
CREATE TABLE wide (a int, b int, c int, d int, e int, f int, g int, h int, i int);
CREATE TABLE many (id int PRIMARY KEY, a int);
CREATE TABLE shown (id int PRIMARY KEY, a int, b text);
CREATE TABLE filled (id int PRIMARY KEY, a int);
INSERT INTO filled VALUES (1, 1);
