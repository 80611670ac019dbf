package dev.lora4j.llm.encoder;

import dev.lora4j.Fixture;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/** The small checkpoints that tools/encoder_fixtures.py wrote. */
final class SavedEncoders {
  private SavedEncoders() {}

  /** Their names, those of the fixtures' directories. */
  static Stream<String> all() {
    return Stream.of(
        "bert", "roberta", "xlm-roberta", "distilbert", "modernbert", "modernbert-token");
  }

  static Path directory(String name) {
    return Fixture.path("encoder/" + name);
  }

  static Fixture expected(String name) {
    return Fixture.read("encoder/" + name + "/expected.safetensors");
  }

  static HeadType head(String name) {
    return name.equals("xlm-roberta") || name.endsWith("-token")
        ? HeadType.TOKEN_CLASSIFICATION
        : HeadType.SEQUENCE_CLASSIFICATION;
  }

  static EncoderInput input(Fixture expected) {
    return new EncoderInput(
        expected.tensor("input_ids"),
        expected.tensor("attention_mask"),
        Optional.ofNullable(expected.tensors("token_type_ids").get("")));
  }
}
