package dev.lora4j.llm.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.tokenizer.TextStream;
import dev.lora4j.llm.tokenizer.Tokenizer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

class TokenizerLawsTest {
  private static Tokenizer[] tokenizers = {};

  @BeforeContainer
  static void open() {
    tokenizers =
        new Tokenizer[] {
          TextFixture.tokenizer("gpt2"),
          TextFixture.tokenizer("smollm2"),
          TextFixture.tokenizer("llama3"),
          TextFixture.tokenizer("llama2")
        };
  }

  @AfterContainer
  static void close() {
    for (Tokenizer tokenizer : tokenizers) {
      tokenizer.close();
    }
  }

  /** Any characters, but no special tokens, which would be skipped, and no lone surrogates. */
  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings()
        .withCharRange(' ', '~')
        .withChars("\n\t éßЖ你\u0000\u200d")
        .ofMaxLength(60)
        .filter(text -> !text.contains("<"));
  }

  @Property(tries = 100)
  void decodingGivesTheTextAgain(@ForAll("texts") String text) {
    for (Tokenizer tokenizer : tokenizers) {
      assertThat(tokenizer.decodeSkippingSpecial(tokenizer.encode(text))).isEqualTo(text);
    }
  }

  @Property(tries = 100)
  void aStreamGivesTheTextAgain(@ForAll("texts") String text) {
    for (Tokenizer tokenizer : tokenizers) {
      TextStream stream = tokenizer.stream();
      StringBuilder out = new StringBuilder();
      for (int id : tokenizer.encode(text)) {
        out.append(stream.add(id));
      }
      assertThat(out.append(stream.finish()).toString()).isEqualTo(text);
    }
  }
}
