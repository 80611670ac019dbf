package dev.lora4j.llm.decode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.TensorAssert;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.KeyValueCache;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.llm.model.TokenBatch;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Decoding in plain memory gives the logits of the model's forward pass. Tolerance {@code 2e-5},
 * relative to the largest value: sums are taken in another order.
 */
class DecoderTest {
  private static final double TOLERANCE = 2e-5;
  private static final long[] PROMPT = {5, 17};
  private static final long[] NEXT = {42, 8, 90, 33, 61, 12, 77, 4, 29, 50, 66, 3};

  static Stream<String> llamas() {
    return SavedFamilies.all().filter(family -> !family.equals("gpt2"));
  }

  private static void with(String family, Consumer<LanguageModel> check) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(SavedFamilies.directory(family))) {
      check.accept(base.model());
    }
  }

  private static void assertDecodesAsTheModel(LanguageModel model) {
    try (KeyValueCache cache = model.newCache(PROMPT.length); // so that it must grow
        KeyValueCache ofModel = model.newCache()) {
      model.hidden(TokenBatch.of(PROMPT), cache);
      model.hidden(TokenBatch.of(PROMPT), ofModel);
      try (Decoder decoder = Decoder.of(model, cache).orElseThrow()) {
        for (long token : NEXT) {
          Tensor hidden = model.hidden(TokenBatch.of(token), ofModel);
          Tensor expected = model.logits(hidden).flatten();
          TensorAssert.assertThat(decoder.step(token)).isCloseTo(expected, TOLERANCE);
        }
      }
      assertThat(cache.length()).isEqualTo(ofModel.length());
    }
  }

  private static LoraModel adapted(LanguageModel model, LoraConfig config) {
    Engine.seed(3);
    LoraModel adapted = Lora.adapt(model, config);
    adapted.add("second", LoraConfig.rank(3).targets(config.targets()));
    for (String name : List.of("default", "second")) {
      for (Parameter parameter : adapted.parameters(name)) {
        parameter.copyFrom(torch.randn(parameter.shape()).mul(Ops.keepScalar(0.1)));
      }
    }
    return adapted;
  }

  @ParameterizedTest
  @MethodSource("llamas")
  void decodesAsTheModelDoes(String family) {
    with(family, DecoderTest::assertDecodesAsTheModel);
  }

  @ParameterizedTest
  @MethodSource("llamas")
  void decodesWithAdaptersAsTheModelDoes(String family) {
    with(
        family,
        model -> {
          LoraModel adapted = adapted(model, LoraConfig.rank(2));
          assertDecodesAsTheModel(model);
          try (AdapterScope both = adapted.using("default", "second")) {
            assertDecodesAsTheModel(model);
          }
          try (AdapterScope disabled = adapted.disabled()) {
            assertDecodesAsTheModel(model);
          }
          adapted.merge();
          assertDecodesAsTheModel(model);
        });
  }

  @ParameterizedTest
  @MethodSource("llamas")
  void threadsInLockstepDecodeAsOne(String family) {
    with(
        family,
        model -> {
          try (Workers workers = new Workers(3);
              ThreadTeam crew =
                  ThreadTeam.open(workers.count(), part -> workers.run(part::accept))) {
            assertDecodesAsTheModel(model);
          }
        });
  }

  @Test
  void doraIsDecodedAsTheModelDoes() {
    with(
        "llama3",
        model -> {
          LoraModel adapted = adapted(model, LoraConfig.rank(2).dora(true));
          assertDecodesAsTheModel(model);
          try (AdapterScope disabled = adapted.disabled()) {
            assertDecodesAsTheModel(model);
          }
        });
  }

  @Test
  void modelsWithoutPlainLayersHaveNoDecoder() {
    with("gpt2", model -> assertNoDecoder(model));
    with(
        "llama3",
        model -> {
          for (Parameter parameter : model.namedParameters().values()) {
            parameter.replaceValue(parameter.value().to(torch.ScalarType.BFloat16));
          }
          assertNoDecoder(model);
        });
  }

  private static void assertNoDecoder(LanguageModel model) {
    try (KeyValueCache cache = model.newCache()) {
      model.hidden(TokenBatch.of(PROMPT), cache);
      assertThat(Decoder.of(model, cache)).isEqualTo(Optional.empty());
    }
  }
}
