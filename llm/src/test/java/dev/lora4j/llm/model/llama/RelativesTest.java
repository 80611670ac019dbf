package dev.lora4j.llm.model.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.llm.model.ChangedConfig;
import dev.lora4j.llm.model.RopeConfig.QueryScale;
import dev.lora4j.llm.model.RopeScaling;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The configs of SmolLM3, Ministral 3 and Qwen3-MoE. */
class RelativesTest {

  private static JsonDocument fields(String family, Consumer<ObjectNode> change) {
    return new ChangedConfig(family, change).fields();
  }

  @Test
  void everyFourthLayerOfSmolLm3HasNoRotationsUnlessAListSaysOtherwise() {
    JsonDocument plain = fields("smollm3", json -> json.remove("no_rope_layers"));
    assertThat(SmolLm3Family.rotated(plain, 5)).containsExactly(true, true, true, false, true);
    JsonDocument halves =
        fields("smollm3", json -> json.put("no_rope_layer_interval", 2).remove("no_rope_layers"));
    assertThat(SmolLm3Family.rotated(halves, 4)).containsExactly(true, false, true, false);
    assertThat(SmolLm3Family.rotated(fields("smollm3_listed", json -> {}), 3))
        .containsExactly(false, true, true);
  }

  @Test
  void smolLm3HasWindowsInItsLayersWithoutRotations() {
    SmolLm3Family family = new SmolLm3Family();
    List<OptionalLong> expected =
        List.of(OptionalLong.of(5), OptionalLong.empty(), OptionalLong.empty());
    assertThat(family.config(fields("smollm3_listed", json -> {})).windows()).isEqualTo(expected);
    assertThat(
            family.config(fields("smollm3_listed", json -> json.remove("layer_types"))).windows())
        .isEqualTo(expected);
  }

  @Test
  void aListForFewerLayersIsNamed() {
    JsonDocument fields = fields("smollm3_listed", json -> json.putArray("no_rope_layers").add(1));
    assertThatThrownBy(() -> new SmolLm3Family().create(fields))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("no_rope_layers");
  }

  @Test
  void llamaCppsSmolLm3HasNoList() {
    JsonDocument fields = fields("smollm3_listed", json -> {});
    assertThatThrownBy(() -> new SmolLm3Family().requireWritable(fields))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no_rope_layers");
  }

  @Test
  void readsYarn() {
    RopeScaling.Yarn yarn =
        (RopeScaling.Yarn)
            new Ministral3Family().config(fields("ministral3", json -> {})).ropeScaling();
    assertThat(yarn).isEqualTo(new RopeScaling.Yarn(4, 8, 3, 0.5, true, yarn.attentionFactor()));
    double expected = (0.07 * Math.log(4) + 1) / (0.19 * Math.log(4) + 1);
    assertThat(yarn.attentionFactor()).isCloseTo(expected, Offset.offset(1e-12));
  }

  @Test
  void scalesQueriesByTheirPosition() {
    QueryScale scale = new QueryScale(0.4, 8);
    assertThat(scale.at(7)).isEqualTo(1f);
    assertThat(scale.at(16)).isCloseTo((float) (1 + 0.4 * Math.log(3)), Offset.offset(1e-6f));
  }

  @Test
  void readsExpertsOfBothNames() {
    Qwen3MoeFamily family = new Qwen3MoeFamily();
    Qwen3MoeConfig config = family.moeConfig(fields("qwen3_moe", json -> {}));
    assertThat(config.experts().experts()).isEqualTo(5);
    assertThat(config.experts().perToken()).isEqualTo(2);
    assertThat(config.experts().normalised()).isTrue();
    assertThat(config.denseLayers()).isEqualTo(Set.of(1L));
    assertThat(config.isSparse(0)).isTrue();
    assertThat(config.isSparse(1)).isFalse();
    Qwen3MoeConfig renamed =
        family.moeConfig(
            fields(
                "qwen3_moe",
                json -> {
                  json.remove(List.of("num_experts", "num_local_experts"));
                  json.put("num_local_experts", 5);
                }));
    assertThat(renamed).isEqualTo(config);
  }

  @Test
  void moreExpertsForATokenThanThereAreIsRefused() {
    assertThatThrownBy(
            () ->
                new Qwen3MoeFamily()
                    .moeConfig(fields("qwen3_moe", json -> json.put("num_experts_per_tok", 6))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("num_experts_per_tok = 6");
  }
}
