export const HELP = `dsql-local: a local endpoint that behaves as Aurora DSQL does, on a PostgreSQL 16 of its own

Usage: npx dsql-local [options]     (runs until Ctrl-C)

  --port <port>        port on 127.0.0.1 and ::1; 0 for any free one (default: 0)
  --region <region>    Region; repeat it for a second endpoint       (default: us-east-1)
                       over the same data, on the next port
  --data-dir <folder>  keep the data, the keys and the host name     (default: removed at the end)
                       here between runs
  --json               print one line of JSON and nothing else
  --env                start in the background, print lines for eval "$(npx dsql-local --env)",
                       and return; stop it with: kill $DSQL_LOCAL_PID
  --quiet              print the connection string and nothing else
  --help, -h           print this text
  --version            print the version

Commands for a dsql-local that is running:

  npx dsql-local take-away <region>   close the Region's port and cut its connections
  npx dsql-local bring-back <region>  listen on the same port again

  --pid <process id>   which one, if several are running            (default: $DSQL_LOCAL_PID)

Each refused statement is logged, and its error has a HINT that says what to write instead.
Colours are used in a terminal, and not where NO_COLOR is set.
`;
