package dev.lora4j.serve.api;

import dev.lora4j.llm.tokenizer.Tokenizer;
import dev.lora4j.serve.engine.GeneratedToken;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A token with its log-probability, as clients see it.
 *
 * @param text the text of the token; bytes that are no whole character are shown as U+FFFD
 * @param bytes the bytes that it adds to the completion, from 0 to 255
 * @param top the most probable tokens at its place
 */
record TokenLogProb(String text, List<Integer> bytes, double logProb, List<TokenLogProb> top) {
  TokenLogProb {
    bytes = List.copyOf(bytes);
    top = List.copyOf(top);
  }

  static TokenLogProb of(Tokenizer tokenizer, GeneratedToken token) {
    return of(
        tokenizer,
        token.id(),
        token.logProb(),
        token.top().stream()
            .map(other -> of(tokenizer, other.id(), other.logProb(), List.of()))
            .toList());
  }

  private static TokenLogProb of(
      Tokenizer tokenizer, long id, double logProb, List<TokenLogProb> top) {
    byte[] bytes = tokenizer.bytesOf(Math.toIntExact(id));
    return new TokenLogProb(
        new String(bytes, StandardCharsets.UTF_8),
        IntStream.range(0, bytes.length).mapToObj(i -> bytes[i] & 0xff).toList(),
        logProb,
        top);
  }
}
