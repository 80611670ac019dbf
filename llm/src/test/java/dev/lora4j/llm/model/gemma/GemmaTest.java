package dev.lora4j.llm.model.gemma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.UserError;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.llm.model.SavedFamilies;
import dev.lora4j.nn.kernel.SoftCap;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The configs of Gemma 2 and 3; the tests of all families check logits and gradients. */
class GemmaTest {
  private static final OptionalLong FULL = OptionalLong.empty();
  private static final OptionalLong WINDOW = OptionalLong.of(5);

  private static GemmaConfig gemma2(Consumer<ObjectNode> change) {
    return new Gemma2Family().gemmaConfig(new ChangedConfig("gemma2", change).fields());
  }

  private static GemmaConfig gemma3(Consumer<ObjectNode> change) {
    return new Gemma3Family().gemmaConfig(new ChangedConfig("gemma3", change).fields());
  }

  @Test
  void readsGemma2sFields() {
    GemmaConfig config = gemma2(json -> {});
    assertThat(config.scoreScale()).isEqualTo(1 / Math.sqrt(11));
    assertThat(config.scoreCap()).contains(new SoftCap(3));
    assertThat(config.logitCap()).contains(new SoftCap(5));
    assertThat(config.sizes().windows()).containsExactly(WINDOW, FULL, WINDOW);
    assertThat(config.slidingRope()).isEqualTo(config.fullRope());
  }

  @Test
  void absentCapsHaveTransformersDefaultsAndNullIsNone() {
    GemmaConfig absent =
        gemma2(json -> json.remove(List.of("attn_logit_softcapping", "final_logit_softcapping")));
    assertThat(absent.scoreCap()).contains(new SoftCap(50));
    assertThat(absent.logitCap()).contains(new SoftCap(30));
    GemmaConfig none =
        gemma2(json -> json.putNull("attn_logit_softcapping").putNull("final_logit_softcapping"));
    assertThat(none.scoreCap()).isEmpty();
    assertThat(none.logitCap()).isEmpty();
  }

  @Test
  void layersAlternateWhereLayerTypesAreAbsent() {
    assertThat(gemma2(json -> json.remove("layer_types")).sizes().windows())
        .containsExactly(WINDOW, FULL, WINDOW);
    assertThat(gemma3(json -> json.remove("layer_types")).sizes().windows())
        .containsOnly(WINDOW); // five of six
    assertThat(
            gemma3(json -> json.put("sliding_window_pattern", 3).remove("layer_types"))
                .sizes()
                .windows())
        .containsExactly(WINDOW, WINDOW, FULL);
  }

  @Test
  void readsGemma3sRotationsOfBothStyles() {
    GemmaConfig newer = gemma3(json -> {});
    assertThat(newer.fullRope().theta()).isEqualTo(5000);
    assertThat(newer.fullRope().scaling()).isEqualTo(new RopeScaling.Linear(3));
    assertThat(newer.slidingRope().theta()).isEqualTo(700);
    assertThat(newer.slidingRope().scaling()).isEqualTo(new RopeScaling.None());
    GemmaConfig old =
        gemma3(
            json -> {
              json.remove("rope_parameters");
              json.put("rope_theta", 5000).put("rope_local_base_freq", 700);
              json.putObject("rope_scaling").put("rope_type", "linear").put("factor", 3);
            });
    assertThat(old).isEqualTo(newer);
  }

  @Test
  void nestedConfigsMayOmitGemma3sSizes() {
    GemmaConfig config =
        gemma3(
            json ->
                json.remove(
                    List.of(
                        "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size")));
    assertThat(config.sizes().heads()).isEqualTo(8);
    assertThat(config.sizes().groups()).isEqualTo(4);
    assertThat(config.sizes().headDim()).isEqualTo(256);
    assertThat(config.sizes().vocabularySize()).isEqualTo(262_208);
  }

  @ParameterizedTest
  @CsvSource({"hidden_activation, gelu", "use_bidirectional_attention, true"})
  void refusesByName(String key, String value) {
    assertThatThrownBy(
            () ->
                gemma3(
                    json -> {
                      if (value.equals("true")) {
                        json.put(key, true);
                      } else {
                        json.put(key, value);
                      }
                    }))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key);
  }

  @Test
  void theTextPartOfACheckpointIsNotSavedAlone(@TempDir Path directory) {
    try (PointerScope scope = new PointerScope();
        Pretrained base = Pretrained.load(SavedFamilies.directory("gemma3_nested"))) {
      assertThatThrownBy(() -> base.save(directory.resolve("out")))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("lora merge");
    }
  }
}
