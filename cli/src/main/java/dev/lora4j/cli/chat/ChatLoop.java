package dev.lora4j.cli.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Completion;
import dev.lora4j.llm.chat.Conversation;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.tokenizer.Message;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** The loop of a chat: a line that begins with a slash is a command, any other is a message. */
public final class ChatLoop {
  private static final String NONE = "none";
  private static final List<String> COMMANDS =
      List.of("/adapter", "/adapters", "/system", "/reset", "/save", "/help", "/quit");
  private static final String HELP =
      """
      /adapter NAME…  switch to an adapter; several add up; none for the base model
      /adapters       list the adapters, * marks the active ones
      /system TEXT    set the system prompt; none removes it; without TEXT show it
      /reset          start a new conversation
      /save FILE      save the conversation as a line of training data, {"messages": …}
      /help           show this help
      /quit           end the chat, as Ctrl-D
      //TEXT          send a message that begins with a slash\
      """;

  private final ChatInput input;
  private final ChatOutput output;
  private final ChatModel model;
  private final Conversation conversation;
  private final GenerationOptions options;
  private final Set<Path> saved = new HashSet<>();
  private int forgotten;

  public ChatLoop(
      ChatInput input,
      ChatOutput output,
      ChatModel model,
      Conversation conversation,
      GenerationOptions options) {
    this.input = input;
    this.output = output;
    this.model = model;
    this.conversation = conversation;
    this.options = options;
  }

  /** Runs until the input ends or the user quits. */
  public void run() {
    if (input.interactive()) {
      output.line("Type a message, or /help for the commands.");
    }
    Optional<String> line = next();
    while (line.isPresent() && !line.get().equals("/quit") && !line.get().equals("/exit")) {
      if (!line.get().isEmpty()) {
        handle(line.get());
      }
      line = next();
    }
  }

  private Optional<String> next() {
    return input.readLine().map(String::strip);
  }

  /** Handles a line; bad input is reported and the chat continues. */
  private void handle(String line) {
    try {
      if (line.startsWith("//")) {
        send(line.substring(1));
      } else if (line.startsWith("/")) {
        String[] words = line.split("\\s+", 2);
        execute(words[0], words.length == 2 ? words[1] : "");
      } else {
        send(line);
      }
    } catch (UserError e) {
      output.note(String.valueOf(e.getMessage()));
    }
  }

  private void execute(String command, String rest) {
    switch (command) {
      case "/adapter" -> adapter(rest);
      case "/adapters" -> listAdapters();
      case "/system" -> system(rest);
      case "/reset" -> reset();
      case "/save" -> save(rest);
      case "/help" -> output.line(HELP);
      default ->
          throw new UserError(
              "unknown command "
                  + command
                  + NearMiss.hint(command, COMMANDS)
                  + " (begin with // to send a message that begins with a slash)");
    }
  }

  private void send(String text) {
    AtomicBoolean interrupted = new AtomicBoolean();
    input.run(() -> answer(text, interrupted), () -> interrupted.set(true));
  }

  private void answer(String text, AtomicBoolean interrupted) {
    Completion answer =
        conversation.say(
            text,
            options.seed(options.sampling().seed() + conversation.answers()),
            piece -> output.piece(piece) && !interrupted.get());
    output.answered(answer, model.active());
    if (answer.dropped() > forgotten) {
      output.note(
          "the conversation exceeds the context of %d tokens; its first %d messages are dropped"
              .formatted(model.network().maxPositions(), answer.dropped()));
    }
    forgotten = answer.dropped();
  }

  private void adapter(String names) {
    if (names.isEmpty()) {
      throw new UserError("expected /adapter NAME or /adapter none; /adapters lists them");
    }
    boolean bare = names.equals(NONE) && !model.adapterNames().contains(NONE);
    List<String> chosen = bare ? List.of() : Arrays.asList(names.split("\\s+"));
    conversation.adapters(chosen);
    output.note(bare ? "no active adapter" : "active adapter: " + String.join(" + ", chosen));
  }

  private void listAdapters() {
    if (model.adapterNames().isEmpty()) {
      output.line("No adapters; give them on the command line with --adapter NAME=DIR.");
    }
    for (String name : model.adapterNames()) {
      output.line((model.active().contains(name) ? "* " : "  ") + name);
    }
  }

  private void system(String text) {
    if (text.isEmpty()) {
      output.line(conversation.system().orElse("No system prompt."));
    } else {
      conversation.system(text.equals(NONE) ? Optional.empty() : Optional.of(text));
      output.note("effective from the next message; /reset starts a new conversation with it");
    }
  }

  private void reset() {
    conversation.reset();
    forgotten = 0;
    output.note("new conversation");
  }

  private void save(String name) {
    Path file = path(name);
    if (Files.exists(file) && !saved.contains(file)) {
      throw new UserError("cannot write " + name + ": the file already exists");
    }
    AtomicFile.write(file, (json(conversation.messages()) + "\n").getBytes(StandardCharsets.UTF_8));
    saved.add(file);
    output.note("Saved %d messages to %s".formatted(conversation.messages().size(), name));
  }

  private static Path path(String name) {
    if (name.isEmpty()) {
      throw new UserError("expected /save FILE");
    }
    try {
      return Path.of(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw new UserError("'" + name + "' is not a valid file name: " + e.getReason(), e);
    }
  }

  private static String json(List<Message> messages) {
    try {
      return new ObjectMapper()
          .writeValueAsString(Map.of("messages", messages.stream().map(Message::fields).toList()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the conversation", e);
    }
  }
}
