#!/bin/sh
# Stands where the Prisma CLI expects its native schema engine, so that `prisma generate` does not download one.
echo "This step was not expected to start the schema engine." >&2
exit 1
