package dev.lora4j.llm.gate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lora4j.llm.chat.ChatFormat;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.SavedTextModel;
import dev.lora4j.llm.dataset.Example;
import dev.lora4j.llm.dataset.ExampleGroups;
import dev.lora4j.llm.dataset.ExampleOptions;
import dev.lora4j.llm.dataset.TextData;
import dev.lora4j.llm.gate.GateFinding.Check;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.train.TrainingArguments;
import dev.lora4j.lora.Lora;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.format.BaseCheck;
import dev.lora4j.train.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterGateTest {
  private static final String CHAT =
      "{\"messages\": [{\"role\": \"user\", \"content\": \"Say it %d\"},"
          + " {\"role\": \"assistant\", \"content\": \"%s\"}]}";

  @TempDir static Path directory;
  private static Path model;
  private static Path trained;

  @BeforeAll
  static void train() throws IOException {
    model = SavedTextModel.chatty(directory.resolve("model"));
    Path data = Files.writeString(directory.resolve("chats.jsonl"), chats(40, "yes"));
    trained = directory.resolve("trained");
    FineTuneRecipe.of(model.toString())
        .data(data)
        .settings(longest -> TrainingArguments.of(2e-2).epochs(4))
        .workers(1)
        .run(trained);
  }

  private static String chats(int count, String answer) {
    return IntStream.range(0, count)
        .mapToObj(i -> CHAT.formatted(i, answer))
        .collect(Collectors.joining("\n"));
  }

  private static GateVerdict judge(Path adapter, GateLimits limits, String general)
      throws IOException {
    try (ChatModel chat = ChatModel.open(model);
        Workers workers = new Workers(1)) {
      chat.load("candidate", adapter, BaseCheck.SAME_BASE);
      List<List<Example>> heldOut = examples(chat, chats(6, "yes"));
      List<Example> others = examples(chat, general).stream().map(group -> group.get(0)).toList();
      return new AdapterGate(chat, "candidate", limits, workers)
          .judge(GateData.of(heldOut, others));
    }
  }

  private static List<List<Example>> examples(ChatModel chat, String lines) throws IOException {
    Path file = Files.writeString(directory.resolve("held-out.jsonl"), lines);
    ChatFormat format = chat.format(List.of());
    return ExampleGroups.of(
            TextData.open(file),
            format.tokenizer(),
            ExampleOptions.ofLength(96).with(format.template().orElseThrow()))
        .groups();
  }

  private static Optional<GateFinding> finding(GateVerdict verdict, Check check) {
    return verdict.findings().stream().filter(found -> found.check() == check).findFirst();
  }

  @Test
  void anAdapterThatLearnsAndStopsPasses() throws IOException {
    GateVerdict verdict = judge(trained, GateLimits.defaults(), chats(4, "yes"));

    assertThat(verdict.reasons()).isEmpty();
    assertThat(verdict.findings()).extracting(GateFinding::check).containsExactly(Check.values());
    GateFinding loss = finding(verdict, Check.HELD_OUT_LOSS).orElseThrow();
    assertThat(loss.figures().get("after")).isLessThan(loss.figures().get("before"));
  }

  @Test
  void anAdapterThatForgetsMoreThanTheLimitFails() throws IOException {
    String general = chats(4, "an entirely different answer, of many words, about the weather");

    GateVerdict verdict = judge(trained, new GateLimits(0, 0.5), general);

    assertThat(verdict.passed()).isFalse();
    assertThat(verdict.reasons())
        .singleElement()
        .asString()
        .contains("general examples changes by");
    assertThat(judge(trained, new GateLimits(100, 0.5), general).passed()).isTrue();
  }

  @Test
  void anAdapterWithoutEffectFails() throws IOException {
    Path fresh = directory.resolve("fresh");
    try (ChatModel chat = ChatModel.open(model)) {
      LoraModel adapted = Lora.adapt(chat.network(), LoraConfig.rank(2)); // B is zero
      adapted.save("default", fresh);
    }

    GateVerdict verdict = judge(fresh, GateLimits.defaults(), chats(4, "yes"));

    assertThat(finding(verdict, Check.EFFECT).orElseThrow().reason())
        .isEqualTo("the adapter changes nothing: the logits with and without it are equal");
    assertThat(finding(verdict, Check.HELD_OUT_LOSS).orElseThrow().passed()).isFalse();
    assertThat(finding(verdict, Check.STOP).orElseThrow().passed()).isFalse();
  }

  @Test
  void examplesThatAreServedInAnotherWayFailTheTemplateCheck() throws IOException {
    try (ChatModel chat = ChatModel.open(model);
        Workers workers = new Workers(1)) {
      chat.load("candidate", trained, BaseCheck.SAME_BASE);
      List<List<Example>> heldOut = examples(chat, chats(3, "yes"));
      List<List<Example>> served = examples(chat, chats(3, "no"));

      GateVerdict verdict =
          new AdapterGate(chat, "candidate", GateLimits.defaults(), workers)
              .judge(new GateData(heldOut, served, List.of(), 0.1));

      assertThat(verdict.reasons())
          .singleElement()
          .asString()
          .contains("3 of 3 held-out examples are tokenized differently than in training");
      assertThat(chat.active()).isEmpty();
    }
  }

  @Test
  void aReplicaSharesTheWeightsAndNothingElse() {
    try (ChatModel served = ChatModel.open(model);
        ChatModel replica = served.replica()) {
      replica.load("candidate", trained, BaseCheck.SAME_BASE);
      replica.network().train(true);

      assertThat(served.adapterNames()).isEmpty();
      assertThat(served.network().isTraining()).isFalse();
      var weights = served.network().stateDict();
      var shared = served.replica().network().stateDict();
      assertThat(shared.keySet()).isEqualTo(weights.keySet());
      shared.forEach(
          (name, tensor) ->
              assertThat(weights.get(name))
                  .as(name)
                  .satisfies(weight -> assertThat(weight.data_ptr()).isEqualTo(tensor.data_ptr())));
    }
  }
}
