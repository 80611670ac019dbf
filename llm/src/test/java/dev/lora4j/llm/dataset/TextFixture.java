package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** The fixtures of tools/tokenizer_fixtures.py and tools/chat_fixtures.py. */
public final class TextFixture {
  private TextFixture() {}

  public static Path path(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(
                  TextFixture.class.getResource("/fixtures/text/" + name),
                  () -> "no fixture " + name)
              .toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  public static Tokenizer tokenizer(String name) {
    return Tokenizer.load(path(name));
  }

  public static JsonNode json(String name) {
    return JsonDocument.read(path(name)).json();
  }

  public static int[] ints(JsonNode array) {
    return IntStream.range(0, array.size()).map(i -> array.get(i).asInt()).toArray();
  }

  /** Checks the vocabulary size and the special tokens. */
  public static void checkSpecialTokens(Tokenizer tokenizer, JsonNode expected) {
    assertThat(tokenizer.vocabularySize()).isEqualTo(expected.path("vocabulary").asInt());
    assertThat(tokenizer.special().bos()).isEqualTo(id(expected.path("bos")));
    assertThat(tokenizer.special().eos()).isEqualTo(id(expected.path("eos")));
    assertThat(tokenizer.special().pad()).isEqualTo(id(expected.path("pad")));
  }

  private static OptionalInt id(JsonNode id) {
    return id.isInt() ? OptionalInt.of(id.asInt()) : OptionalInt.empty();
  }
}
