package dev.lora4j.llm.encoder;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each family against transformers and PEFT, on the padded batches of tools/encoder_fixtures.py.
 * Tolerance relative to the largest value.
 */
class EncoderParityTest {
  private static final double TOLERANCE = 1e-5;

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.encoder.SavedEncoders#all")
  void hiddenStatesAndLogitsEqualTransformers(String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = load(name)) {
      Fixture expected = SavedEncoders.expected(name);
      EncoderInput input = SavedEncoders.input(expected);

      expected.check("hidden", checkpoint.encoder().hidden(input), TOLERANCE);
      expected.check("logits", checkpoint.withHead().orElseThrow().logits(input), TOLERANCE);
      assertThat(checkpoint.newModules()).isEmpty();
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.encoder.SavedEncoders#all")
  void anEncoderWithoutItsHeadGivesTheSameHiddenStates(String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = EncoderCheckpoint.load(SavedEncoders.directory(name))) {
      Fixture expected = SavedEncoders.expected(name);

      Tensor hidden = checkpoint.encoder().hidden(SavedEncoders.input(expected));

      expected.check("hidden", hidden, TOLERANCE);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.encoder.SavedEncoders#all")
  void logitsAndGradientsOfAnAdapterEqualPefts(String name) {
    try (PointerScope scope = new PointerScope();
        EncoderCheckpoint checkpoint = load(name)) {
      Fixture expected = SavedEncoders.expected(name);
      LoraModel adapted = Lora.base(checkpoint.root());
      adapted.load("default", SavedEncoders.directory(name).resolve("adapter"));
      adapted.activate("default");

      Tensor logits = checkpoint.withHead().orElseThrow().logits(SavedEncoders.input(expected));
      expected.check("adapted_logits", logits, TOLERANCE);

      logits.mul(expected.tensor("loss_weights")).sum().backward();
      Map<String, Parameter> trained = trainedByKey(checkpoint.root());
      assertThat(trained.keySet()).containsAll(expected.tensors("grad.").keySet());
      expected
          .tensors("grad.")
          .keySet()
          .forEach(
              key ->
                  expected.check(
                      "grad." + key, requireNonNull(trained.get(key)).value().grad(), TOLERANCE));
    }
  }

  private static EncoderCheckpoint load(String name) {
    return EncoderCheckpoint.load(SavedEncoders.directory(name), SavedEncoders.head(name));
  }

  private static Map<String, Parameter> trainedByKey(Module root) {
    Map<String, Parameter> byKey = new HashMap<>();
    root.namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                String key =
                    path.replace(".A.", ".lora_A.")
                        .replace(".B.", ".lora_B.")
                        .replaceAll("\\.(embedding_[AB])$", ".lora_$1");
                byKey.put("base_model.model." + key, parameter);
              }
            });
    return byKey;
  }
}
