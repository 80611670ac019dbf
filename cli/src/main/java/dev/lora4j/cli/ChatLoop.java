package dev.lora4j.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.AtomicFile;
import dev.lora4j.models.talk.Answer;
import dev.lora4j.models.talk.Conversation;
import dev.lora4j.models.talk.TextModel;
import dev.lora4j.models.talk.WritingOptions;
import dev.lora4j.models.text.Message;
import java.io.BufferedReader;
import java.io.IOException;
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

/** Reads lines: what begins with a slash is for the program, all else is said to the model. */
final class ChatLoop {
  private static final String NONE = "none";
  private static final List<String> COMMANDS =
      List.of("/adapter", "/adapters", "/system", "/reset", "/save", "/help", "/quit");
  private static final String HELP =
      """
      /adapter NAME   let this adapter go on; several names add up; none for the bare model
      /adapters       the adapters, the active ones with *
      /system TEXT    what the model should be; none for nothing; without a text it is shown
      /reset          begin a new conversation
      /save FILE      write the conversation as a line of training data, {"messages": …}
      /help           this
      /quit           the end, as Ctrl-D
      //…             say a line that begins with a slash\
      """;

  private final ChatScreen screen;
  private final TextModel model;
  private final Conversation conversation;
  private final WritingOptions options;
  private final Set<Path> saved = new HashSet<>();
  private int forgotten;

  ChatLoop(ChatScreen screen, TextModel model, Conversation conversation, WritingOptions options) {
    this.screen = screen;
    this.model = model;
    this.conversation = conversation;
    this.options = options;
  }

  /** Goes on until the lines end, or somebody wants to leave. */
  void run(BufferedReader lines) {
    boolean goesOn = true;
    while (goesOn) {
      screen.ask();
      Optional<String> line = next(lines);
      goesOn = line.isPresent() && !line.get().equals("/quit") && !line.get().equals("/exit");
      if (goesOn && !line.get().isEmpty()) {
        take(line.get());
      }
    }
  }

  private static Optional<String> next(BufferedReader lines) {
    try {
      return Optional.ofNullable(lines.readLine()).map(String::strip);
    } catch (IOException e) {
      throw new UserError("cannot read standard input: " + e, e);
    }
  }

  /** A mistake is told, and the talk goes on. */
  private void take(String line) {
    try {
      if (line.startsWith("//")) {
        say(line.substring(1));
      } else if (line.startsWith("/")) {
        String[] words = line.split("\\s+", 2);
        obey(words[0], words.length == 2 ? words[1] : "");
      } else {
        say(line);
      }
    } catch (UserError e) {
      screen.note(String.valueOf(e.getMessage()));
    }
  }

  private void obey(String command, String rest) {
    switch (command) {
      case "/adapter" -> adapter(rest);
      case "/adapters" -> listAdapters();
      case "/system" -> system(rest);
      case "/reset" -> reset();
      case "/save" -> save(rest);
      case "/help" -> screen.line(HELP);
      default ->
          throw new UserError(
              "no command "
                  + command
                  + NearMiss.hint(command, COMMANDS)
                  + " (// says a line that begins with a slash)");
    }
  }

  // ---- speaking ----

  private void say(String text) {
    AtomicBoolean interrupted = new AtomicBoolean();
    Answer answer;
    try (CtrlC ctrlC = CtrlC.runs(() -> interrupted.set(true))) {
      answer =
          conversation.say(
              text,
              options.seed(options.sampling().seed() + conversation.answers()),
              piece -> screen.piece(piece) && !interrupted.get());
    }
    screen.answered(answer, model.active());
    if (answer.forgotten() > forgotten) {
      screen.note(
          "the conversation is longer than the model's longest text of %d tokens; its first %d"
              + " messages are forgotten"
              .formatted(model.network().maxPositions(), answer.forgotten()));
    }
    forgotten = answer.forgotten();
  }

  // ---- the program's own ----

  private void adapter(String names) {
    if (names.isEmpty()) {
      throw new UserError("which one? /adapter NAME, or /adapter none; /adapters lists them");
    }
    boolean bare = names.equals(NONE) && !model.adapterNames().contains(NONE);
    List<String> chosen = bare ? List.of() : Arrays.asList(names.split("\\s+"));
    conversation.adapters(chosen);
    screen.note(goesOn(chosen));
  }

  private static String goesOn(List<String> adapters) {
    return switch (adapters.size()) {
      case 0 -> "the bare model goes on";
      case 1 -> "adapter " + adapters.get(0) + " goes on";
      default -> "adapters " + String.join(", ", adapters) + " go on together";
    };
  }

  private void listAdapters() {
    if (model.adapterNames().isEmpty()) {
      screen.line("no adapters; begin with --adapter NAME=DIR");
    }
    for (String name : model.adapterNames()) {
      screen.line((model.active().contains(name) ? "* " : "  ") + name);
    }
  }

  private void system(String text) {
    if (text.isEmpty()) {
      screen.line(conversation.system().orElse("no system message"));
    } else {
      conversation.system(text.equals(NONE) ? Optional.empty() : Optional.of(text));
      screen.note("from the next turn on; /reset begins a new conversation with it");
    }
  }

  private void reset() {
    conversation.reset();
    forgotten = 0;
    screen.note("a new conversation");
  }

  private void save(String name) {
    Path file = path(name);
    if (Files.exists(file) && !saved.contains(file)) {
      throw new UserError("cannot write " + name + ": there is a file of that name");
    }
    AtomicFile.write(file, (json(conversation.messages()) + "\n").getBytes(StandardCharsets.UTF_8));
    saved.add(file);
    screen.note("%d messages in %s".formatted(conversation.messages().size(), name));
  }

  private static Path path(String name) {
    if (name.isEmpty()) {
      throw new UserError("where? /save FILE");
    }
    try {
      return Path.of(name).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw new UserError("'" + name + "' can't be the name of a file: " + e.getReason(), e);
    }
  }

  private static String json(List<Message> messages) {
    try {
      return new ObjectMapper()
          .writeValueAsString(Map.of("messages", messages.stream().map(Message::fields).toList()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a conversation that can't be written", e);
    }
  }
}
