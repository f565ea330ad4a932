import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cancelRequest, startup } from "../../src/wire/frontend-messages.ts";
import { parseStartupPacket, startupPacketLength } from "../../src/wire/startup-packet.ts";

const word = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes("\0"));

describe("the first packet", () => {
  it("is read as it was written", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name, maxLength: 8 }),
        (pairs) => {
          const packet = startup(Object.fromEntries(pairs));
          expect(startupPacketLength(packet)).toBe(packet.length);
          const parsed = parseStartupPacket(packet);
          expect(parsed.kind === "startup" && Object.fromEntries(parsed.parameters)).toEqual(
            Object.fromEntries(pairs),
          );
        },
      ),
    );
  });

  it("is called invalid, and never throws, where its bytes are random", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 200 }), (bytes) => {
        const packet = Buffer.concat([Buffer.alloc(4), bytes]);
        packet.writeInt32BE(packet.length, 0);
        expect(["invalid", "startup", "tls", "gss", "cancel"]).toContain(parseStartupPacket(packet).kind);
      }),
    );
  });

  it("has a length from 8 to 10,000 bytes", () => {
    const claimed = (length: number): number => {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(length);
      return startupPacketLength(bytes);
    };
    expect([claimed(7), claimed(8), claimed(10_000), claimed(10_001), claimed(-1)]).toEqual([
      -1, 8, 10_000, -1, -1,
    ]);
    expect(startupPacketLength(Buffer.from([0, 0]))).toBe(0);
  });

  it("can ask to cancel what another connection does", () => {
    expect(parseStartupPacket(cancelRequest(7, -9))).toEqual({ kind: "cancel", processId: 7, secretKey: -9 });
  });
});
