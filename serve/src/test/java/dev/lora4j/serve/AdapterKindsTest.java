package dev.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.lora.method.Vera;
import dev.lora4j.nn.Parameter;
import dev.lora4j.nn.runtime.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters of each kind, whose answers are those of the library, alone and beside the base's. */
class AdapterKindsTest {
  private static final LoraConfig PLAIN = LoraConfig.rank(2).alpha(8);
  private static final Targets TARGETS = Targets.named("q_proj", "v_proj", "down_proj");
  private static final Map<String, LoraConfig> KINDS =
      Map.of(
          "dora", PLAIN.dora(true),
          "rslora", PLAIN.rsLora(true),
          "saved", PLAIN.modulesToSave("input_layernorm"),
          "patterns",
              PLAIN
                  .targets(TARGETS)
                  .rankPattern(Map.of("layers.0.self_attn.q_proj", 4))
                  .alphaPattern(Map.of("down_proj", 3.0)),
          "vera", LoraConfig.rank(4).targets(Targets.named("q_proj")).method(new Vera()),
          "biased", PLAIN.loraBias(true),
          "embedded", PLAIN.targets(Targets.named("embed_tokens", "q_proj")));

  @TempDir static Path directory;
  private static Path model;
  private static LoraServer server;
  private static TestClient client;

  @BeforeAll
  static void start() {
    model = SavedTextModel.chatty(directory.resolve("model"));
    KINDS.forEach(AdapterKindsTest::write);
    server =
        LoraServer.builder()
            .model("base", model)
            .adapters(directory.resolve("adapters"))
            .port(0)
            .start();
    client = new TestClient(server);
  }

  private static Path adapter(String name) {
    return directory.resolve("adapters").resolve(name);
  }

  private static void write(String name, LoraConfig config) {
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard();
        Pretrained base = Pretrained.load(model)) {
      LoraModel adapted = Lora.adapt(base.model(), config);
      Engine.seed(3);
      for (Parameter parameter : adapted.parameters("default")) {
        parameter.value().normal_(0, 0.3, null);
      }
      adapted.save("default", adapter(name));
    }
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static String ofLibrary(String name) {
    try (ChatModel library = ChatModel.open(model)) {
      library.load(name, adapter(name), BaseCheck.SAME_BASE);
      library.activate(List.of(name));
      try (var session = new Generator(library.network()).session()) {
        return library
            .write(
                session,
                library.format().prompt(List.of(Message.user("Hello there"))),
                new GenerationOptions(12, Sampling.greedy(), List.of()),
                piece -> true)
            .text();
      }
    }
  }

  private static String served(String name) {
    return TestClient.text(
        client.post("/v1/chat/completions", TestClient.chat(name, "Hello there")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"dora", "rslora", "saved", "patterns", "vera", "biased", "embedded"})
  void anAdapterAnswersAsInTheLibraryAlsoBesideOthers(String name) {
    String ofBase = served("base");
    String expected = ofLibrary(name);

    List<CompletableFuture<String>> beside =
        List.of("base", "dora", "vera", "base").stream()
            .map(other -> CompletableFuture.supplyAsync(() -> served(other)))
            .toList();

    assertThat(served(name)).isEqualTo(expected).isNotEqualTo(ofBase);
    assertThat(beside.get(0).join()).isEqualTo(ofBase);
    assertThat(beside.get(3).join()).isEqualTo(ofBase);
  }

  @Test
  void anAdapterIsServedWithItsOwnChatTemplate() throws IOException {
    write("template", PLAIN);
    Files.writeString(
        adapter("template").resolve("chat_template.jinja"),
        "{% for m in messages %}<{{ m.role }}> {{ m.content }}\n{% endfor %}");
    String body = "{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}";

    String own = client.post("/apply-template", body.formatted("template")).text("/prompt");

    assertThat(own).isEqualTo("<user> Hi\n");
    assertThat(client.post("/apply-template", body.formatted("base")).text("/prompt"))
        .isNotEqualTo(own);
    assertThat(served("template")).isEqualTo(ofLibrary("template"));
  }
}
