package dev.lora4j.llm.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.generate.Sampling;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.lora.format.BaseCheck;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A conversation answers as a fresh session does for the same prompt. */
class ConversationTest {
  private static final GenerationOptions SHORT =
      new GenerationOptions(8, Sampling.greedy(), List.of());

  private final Path directory;
  private final Path base;
  private final ChatModel model;
  private final GenerationSession session;

  ConversationTest(@TempDir Path directory) {
    this.directory = directory;
    base = SavedTextModel.chatty(directory.resolve("base"));
    model = ChatModel.open(base);
    session = new Generator(model.network()).session();
  }

  @AfterEach
  void close() {
    session.close();
    model.close();
  }

  private String fresh(List<Message> messages) {
    try (GenerationSession own = new Generator(model.network()).session()) {
      return model.write(own, model.format().prompt(messages), SHORT, piece -> true).text();
    }
  }

  private Completion say(Conversation talk, String text) {
    return talk.say(text, SHORT, piece -> true);
  }

  private void assertLastIsAsFresh(Conversation talk) {
    List<Message> all = talk.messages();
    Message last = all.get(all.size() - 1);
    assertThat(last.fields().get("content")).isEqualTo(fresh(all.subList(0, all.size() - 1)));
  }

  @Test
  void listOfMessagesIsAnsweredAsOneConversation() {
    List<Message> request =
        List.of(
            Message.system("Be brief."),
            Message.user("Hello"),
            Message.assistant("Hi."),
            Message.user("And?"));
    Conversation talk = new Conversation(model, session);
    String answer = talk.say(request, SHORT, piece -> true).text();

    assertThat(answer).isEqualTo(fresh(request));
    assertThat(talk.system()).contains("Be brief.");
    assertThat(talk.answers()).isEqualTo(2);
    say(talk, "Again");
    assertLastIsAsFresh(talk);
  }

  @Test
  void messagesThatNeedNoAnswerAreRefusedAndNotAdded() {
    Conversation talk = new Conversation(model, session);
    List<Message> answered = List.of(Message.user("Hello"), Message.assistant("Hi."));
    for (List<Message> wrong : List.of(List.<Message>of(), answered)) {
      assertThatThrownBy(() -> talk.say(wrong, SHORT, piece -> true))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("the last one is not the assistant's");
    }
    List<Message> tooLong = List.of(Message.system("Be."), Message.user("long ".repeat(300)));
    assertThatThrownBy(() -> talk.say(tooLong, SHORT, piece -> true)).isInstanceOf(UserError.class);
    assertThat(talk.messages()).isEmpty();
  }

  @Test
  void aTurnComputesOnlyItsNewTokens() {
    Conversation talk = new Conversation(model, session);
    assertThat(say(talk, "Hello").generation().cached()).isZero();
    Completion second = say(talk, "And?");
    assertThat(second.generation().cached()).isGreaterThan(20);
    assertThat(second.generation().promptTokens()).isGreaterThan(second.generation().cached());
    assertLastIsAsFresh(talk);
    say(talk, "Again");
    assertLastIsAsFresh(talk);
    assertThat(talk.answers()).isEqualTo(3);
  }

  @Test
  void anotherAdapterRecomputesTheWholePrompt() {
    load("one", 1);
    Conversation talk = new Conversation(model, session);
    String bare = say(talk, "Hello").text();
    talk.adapters(List.of("one"));
    Completion adapted = say(talk, "Hello");
    assertThat(adapted.generation().cached()).isZero();
    assertLastIsAsFresh(talk);
    talk.reset();
    assertThat(say(talk, "Hello").text()).isNotEqualTo(bare);
    talk.adapters(List.of());
    talk.reset();
    assertThat(say(talk, "Hello").text()).isEqualTo(bare);
    assertThatThrownBy(() -> talk.adapters(List.of("onr")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("did you mean one?");
  }

  private List<String> load(String name, long seed) {
    return model.load(name, adapter(name, seed), BaseCheck.SAME_BASE);
  }

  private Path adapter(String name, long seed) {
    return SavedTextModel.adapter(base, directory.resolve(name), seed);
  }

  @Test
  void theOldestTurnsAreDroppedAndTheSystemMessageStays() {
    Conversation talk = new Conversation(model, session);
    talk.system(Optional.of("Be brief."));
    Completion answer = say(talk, "one two three four five six seven eight nine ten");
    for (int i = 0; i < 6; i++) {
      answer = say(talk, "one two three four five six seven eight nine ten");
      assertThat(answer.generation().promptTokens()).isLessThan(model.network().maxPositions());
    }
    assertThat(answer.dropped()).isPositive().isEven();
    List<Message> all = talk.messages();
    assertThat(all).hasSize(1 + 14);
    List<Message> remembered = new ArrayList<>(all.subList(0, 1));
    remembered.addAll(all.subList(1 + answer.dropped(), all.size() - 1));
    assertThat(answer.text()).isEqualTo(fresh(remembered));
  }

  @Test
  void aRefusedMessageLeavesTheChatUnchanged() {
    Conversation talk = new Conversation(model, session);
    say(talk, "Hello");
    assertThatThrownBy(() -> say(talk, "word ".repeat(300)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the model's maximum sequence length is 192");
    assertThat(talk.messages()).hasSize(2);
    assertThat(say(talk, "And?").dropped()).isZero();
  }

  @Test
  void anInterruptedAnswerIsKept() {
    Conversation talk = new Conversation(model, session);
    Completion answer = talk.say("Hello", SHORT, piece -> false);
    assertThat(answer.finishReason()).isEqualTo(FinishReason.INTERRUPTED);
    assertThat(answer.generation().tokens()).hasSize(1);
    say(talk, "And?");
    assertLastIsAsFresh(talk);
  }

  @Test
  void anActiveAdaptersTemplateTakesPrecedence() throws IOException {
    Path own = adapter("own", 2);
    Files.writeString(
        own.resolve("chat_template.jinja"),
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}[assistant] ");
    assertThat(model.load("own", own, BaseCheck.SAME_BASE))
        .containsExactly(
            "adapter own brings its own chat template, which is used while it is active");
    Path same = adapter("same", 3);
    SavedTextModel.copyTokenizer(same);
    assertThat(model.load("same", same, BaseCheck.SAME_BASE)).isEmpty();
    model.activate(List.of("own"));
    assertThat(model.format().prompt(List.of(Message.user("Hi"))))
        .isEqualTo(model.format().tokenizer().encodePlain("[user] Hi\n[assistant] "));
    model.activate(List.of("same"));
    assertThat(model.format().template().orElseThrow().prompt(List.of(Message.user("Hi"))))
        .contains("<|im_start|>user");
  }

  @Test
  void anAdapterWithABrokenTokenizerIsNotLoadedAndCanBeLoadedLater() throws IOException {
    Path own = adapter("own", 2);
    Files.writeString(own.resolve("tokenizer.json"), "{");
    assertThatThrownBy(() -> model.load("own", own, BaseCheck.SAME_BASE))
        .isInstanceOf(CorruptFile.class)
        .hasMessageContaining("tokenizer.json");
    assertThat(model.adapterNames()).isEmpty();
    Files.delete(own.resolve("tokenizer.json"));
    assertThat(model.load("own", own, BaseCheck.SAME_BASE)).isEmpty();
  }

  @Test
  void aModelWithoutAChatTemplateCannotChat() {
    Path plain = SavedTextModel.plain(directory.resolve("plain"));
    try (ChatModel silent = ChatModel.open(plain);
        GenerationSession own = new Generator(silent.network()).session()) {
      assertThatThrownBy(() -> new Conversation(silent, own))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no chat template");
    }
  }
}
