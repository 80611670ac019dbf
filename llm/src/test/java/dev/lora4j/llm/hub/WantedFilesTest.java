package dev.lora4j.llm.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class WantedFilesTest {

  private static WantedFiles of(Set<String> shards, String... names) {
    return WantedFiles.of(List.of(names), shards);
  }

  private static WantedFiles of(String... names) {
    return of(Set.of(), names);
  }

  @Test
  void theWeightsComeLast() {
    WantedFiles wanted =
        of(
            "model.safetensors",
            "README.md",
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "onnx/config.json",
            "pytorch_model.bin",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json");

    assertThat(wanted.names())
        .containsExactly(
            "chat_template.jinja",
            "config.json",
            "generation_config.json",
            "special_tokens_map.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "model.safetensors");
    assertThat(wanted.isComplete()).isTrue();
  }

  @Test
  void weightsOfADenseModuleAreWantedInOneFormat() {
    WantedFiles wanted =
        of(
            "2_Dense/config.json",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "3_Dense/config.json",
            "3_Dense/pytorch_model.bin",
            "config.json",
            "model.safetensors");

    assertThat(wanted.names())
        .containsExactly(
            "2_Dense/config.json",
            "3_Dense/config.json",
            "config.json",
            "2_Dense/model.safetensors",
            "3_Dense/pytorch_model.bin",
            "model.safetensors");
  }

  @Test
  void theFilesOfSentenceTransformersAreWanted() {
    WantedFiles wanted =
        of(
            "1_Pooling/config.json",
            "config.json",
            "config_sentence_transformers.json",
            "data_config.json",
            "model.safetensors",
            "modules.json",
            "onnx/model.onnx",
            "sentence_bert_config.json",
            "vocab.txt");

    assertThat(wanted.names())
        .containsExactly(
            "1_Pooling/config.json",
            "config.json",
            "config_sentence_transformers.json",
            "modules.json",
            "sentence_bert_config.json",
            "vocab.txt",
            "model.safetensors");
  }

  @Test
  void missingShardIsListedAsMissing() {
    WantedFiles wanted =
        of(
            Set.of("s-1.safetensors", "s-2.safetensors"),
            "config.json",
            "model.safetensors.index.json",
            "s-2.safetensors");

    assertThat(wanted.names()).endsWith("model.safetensors.index.json", "s-2.safetensors");
    assertThat(wanted.missing()).containsExactly("s-1.safetensors");
  }

  @Test
  void pickleIsWantedWithoutSafetensors() {
    assertThat(of("config.json", "pytorch_model.bin", "training_args.bin"))
        .isEqualTo(new WantedFiles(List.of("config.json", "pytorch_model.bin"), List.of()));
    assertThat(
            of(
                Set.of("p-1.bin", "p-2.bin"),
                "config.json",
                "p-1.bin",
                "p-2.bin",
                "pytorch_model.bin.index.json"))
        .isEqualTo(
            new WantedFiles(
                List.of("config.json", "pytorch_model.bin.index.json", "p-1.bin", "p-2.bin"),
                List.of()));
    assertThat(of(Set.of("p-1.bin"), "config.json", "pytorch_model.bin.index.json").missing())
        .containsExactly("p-1.bin");
  }

  @Test
  void safetensorsInShardsArePreferredToOnePickle() {
    List<String> present =
        List.of(
            "config.json", "model.safetensors.index.json", "pytorch_model.bin", "s.safetensors");

    assertThat(WantedFiles.index(present)).contains("model.safetensors.index.json");
    assertThat(WantedFiles.of(present, Set.of("s.safetensors")).names())
        .containsExactly("config.json", "model.safetensors.index.json", "s.safetensors");
  }

  @Test
  void anAdapterNeedsNoModel() {
    assertThat(of("adapter_config.json", "adapter_model.safetensors", "optimizer.pt"))
        .isEqualTo(
            new WantedFiles(
                List.of("adapter_config.json", "adapter_model.safetensors"), List.of()));
    assertThat(of("adapter_config.json", "adapter_model.bin").names())
        .containsExactly("adapter_config.json", "adapter_model.bin");
    assertThat(of("adapter_config.json").missing()).containsExactly("adapter_model.safetensors");
  }

  @Test
  void weightsWithoutAConfigurationAreNoModel() {
    assertThat(of("model.safetensors").missing()).containsExactly("config.json");
    assertThat(of("README.md").missing()).containsExactly("model.safetensors");
  }
}
