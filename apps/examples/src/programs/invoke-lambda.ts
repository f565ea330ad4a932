// Calls the Lambda handler as the Lambda service would: twice in one warm process.
import { handler, setUp, tearDown } from "./lambda.ts";

try {
  await setUp();
  const first = await handler({ name: "visits" });
  const second = await handler({ name: "visits" });
  console.log(first.body, second.body);
} finally {
  await tearDown();
}
