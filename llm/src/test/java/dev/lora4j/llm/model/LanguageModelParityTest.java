package dev.lora4j.llm.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.Fixture;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each family against transformers and PEFT, on the fixtures of tools/llm_fixtures.py. Tolerance
 * {@code 1e-4}, relative to the largest value.
 */
class LanguageModelParityTest {
  private static final double TOLERANCE = 1e-4;

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void logitsAndGreedyTextEqualTransformers(String family) {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      Fixture expected = SavedFamilies.expected(family);

      expected.check("logits", base.model().forward(expected.tensor("tokens")), TOLERANCE);
      assertThat(greedy(base.model(), expected)).isEqualTo(tokens(expected.tensor("greedy")));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.lora4j.llm.model.SavedFamilies#all")
  void logitsAndGradientsOfAnAdapterEqualPefts(String family) {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      Fixture expected = SavedFamilies.expected(family);
      LoraModel adapted = Lora.base(base.model());
      adapted.load("default", SavedFamilies.directory(family).resolve("adapter"));
      adapted.activate("default");

      Tensor logits = base.model().forward(expected.tensor("tokens"));
      expected.check("adapted_logits", logits, TOLERANCE);

      loss(logits, expected.tensor("tokens")).backward();
      Map<String, Parameter> trained = trainedByKey(base.model());
      assertThat(trained.keySet()).isEqualTo(expected.tensors("grad.").keySet());
      trained.forEach(
          (key, parameter) -> expected.check("grad." + key, parameter.value().grad(), TOLERANCE));
      assertThat(greedy(base.model(), expected))
          .isEqualTo(tokens(expected.tensor("adapted_greedy")));
    }
  }

  /** Greedy decoding after the first five tokens of the first row. */
  private static List<Long> greedy(LanguageModel model, Fixture expected) {
    List<Long> prompt = tokens(expected.tensor("tokens")).subList(0, 5);
    int count = tokens(expected.tensor("greedy")).size();
    return new Generator(model).generate(prompt, GenerationConfig.greedy(count)).tokens();
  }

  private static List<Long> tokens(Tensor ids) {
    return LongStream.of(Ops.longs(ids)).boxed().toList();
  }

  private static Map<String, Parameter> trainedByKey(LanguageModel model) {
    Map<String, Parameter> byKey = new HashMap<>();
    model
        .namedParameters()
        .forEach(
            (path, parameter) -> {
              if (parameter.isTrainable()) {
                String key = path.replace(".A.", ".lora_A.").replace(".B.", ".lora_B.");
                byKey.put("base_model.model." + key, parameter);
              }
            });
    return byKey;
  }

  /** The mean cross-entropy of the next tokens. */
  private static Tensor loss(Tensor logits, Tensor tokens) {
    long predicted = tokens.size(1) - 1;
    Tensor rows = logits.narrow(1, 0, predicted).flatten(0, 1);
    Tensor next = tokens.narrow(1, 1, predicted).flatten();
    return Ops.crossEntropySum(rows, next).div(new Scalar((double) next.numel()));
  }
}
