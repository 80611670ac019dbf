package dev.lora4j.llm.constrain;

import dev.lora4j.llm.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * A model that knows nothing: it draws any of the tokens that can come next. Now and then it
 * prefers tokens that close a value, so that most texts end.
 */
final class RandomWriter {
  static final long STOP = 2;
  private static final Set<String> CLOSING = Set.of("\"", "}", "]", "\"}", "\"]");

  private final Tokenizer tokenizer;
  private final Random random;

  RandomWriter(Tokenizer tokenizer, Random random) {
    this.tokenizer = tokenizer;
    this.random = random;
  }

  /** Writes a text; empty if it has not ended after so many tokens. */
  Optional<String> write(Constraint constraint, int maxTokens) throws CharacterCodingException {
    ConstrainedText text = constraint.begin(Set.of(STOP));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < maxTokens; i++) {
      long token = next(text);
      text.add(token);
      if (token == STOP) {
        return Optional.of(
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes.toByteArray()))
                .toString());
      }
      bytes.writeBytes(tokenizer.tokenBytes().of((int) token));
    }
    return Optional.empty();
  }

  private long next(ConstrainedText text) {
    List<Long> allowed = text.allowed().boxed().toList();
    if (allowed.isEmpty()) {
      throw new AssertionError("no token can come next");
    }
    List<Long> closing = allowed.stream().filter(this::closes).toList();
    List<Long> from = closing.isEmpty() || random.nextInt(3) > 0 ? allowed : closing;
    return from.get(random.nextInt(from.size()));
  }

  private boolean closes(long token) {
    return token == STOP
        || CLOSING.contains(
            new String(tokenizer.tokenBytes().of((int) token), StandardCharsets.UTF_8));
  }
}
