package dev.lora4j.llm.model.phi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.generate.GenerationConfig;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.SavedFamilies;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

/** Phi-3's config and LongRoPE; the tests of all families check logits and gradients. */
class Phi3Test {

  private static Phi3Config read(String fixture, Consumer<ObjectNode> change) {
    return new Phi3Family().phi3Config(new ChangedConfig(fixture, change).fields());
  }

  @Test
  void readsPartialRotationWindowAndDropout() {
    Phi3Config config = read("phi3", json -> {});
    assertThat(config.rotatedDim()).isEqualTo(6);
    assertThat(config.residualDropout()).isEqualTo(0.1);
    assertThat(config.sizes().windows()).containsOnly(OptionalLong.of(7));
    assertThat(read("phi3", json -> json.putNull("sliding_window")).sizes().windows())
        .containsOnly(OptionalLong.empty());
  }

  @Test
  void longRopeHasFormerNames() {
    RopeScaling expected =
        new RopeScaling.LongRope(
            List.of(1.0, 1.3, 1.7, 2.1),
            List.of(1.5, 2.5, 6.0, 9.0),
            16,
            Math.sqrt(1 + Math.log(128 / 16.0) / Math.log(16)));
    assertThat(read("phi3_long", json -> {}).sizes().ropeScaling()).isEqualTo(expected); // su
    assertThat(
            read("phi3_long", json -> json.withObject("/rope_scaling").put("type", "yarn"))
                .sizes()
                .ropeScaling())
        .isEqualTo(expected);
  }

  @Test
  void wrongFactorsAreNamed() {
    assertThatThrownBy(
            () ->
                read(
                    "phi3_long",
                    json -> json.withObject("/rope_scaling").putArray("long_factor").add(2.0)))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("long_factor")
        .hasMessageContaining("a list of 4 numbers above 0");
    assertThatThrownBy(
            () -> read("phi3_long", json -> json.withObject("/rope_scaling").put("type", "linear")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("linear")
        .hasMessageContaining("longrope");
  }

  /** The frequencies change at 16 tokens: the session must not reuse the other keys. */
  @Test
  void aSessionReadsAgainWhenATextCrossesTheOriginalLength() {
    List<Long> shorter = LongStream.range(5, 15).boxed().toList();
    List<Long> longer = LongStream.range(5, 30).boxed().toList();
    GenerationConfig config = GenerationConfig.greedy(10);
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory("phi3_long"))) {
      Generator generator = new Generator(base.model());
      List<Long> ofShorter = generator.generate(shorter, config).tokens();
      List<Long> ofLonger = generator.generate(longer, config).tokens();
      try (GenerationSession session = generator.session()) {
        assertThat(session.generate(longer, config, token -> true).tokens()).isEqualTo(ofLonger);
        assertThat(session.generate(shorter, config, token -> true).tokens()).isEqualTo(ofShorter);
        assertThat(session.generate(longer, config, token -> true).tokens()).isEqualTo(ofLonger);
      }
    }
  }
}
