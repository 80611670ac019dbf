package dev.lora4j.examples.quickstart;

import dev.lora4j.llm.chat.ChatModel;
import dev.lora4j.llm.chat.Conversation;
import dev.lora4j.llm.chat.GenerationOptions;
import dev.lora4j.llm.chat.TextListener;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.generate.Generator;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.lora.format.BaseCheck;
import java.nio.file.Path;
import java.util.List;

/** Trains an adapter on conversations and asks the adapted model a question. */
public final class QuickStart {
  /**
   * @param arguments the base model (a Hub name or a directory), the data, the directory of the
   *     adapter
   */
  public static void main(String[] arguments) {
    Path adapter = Path.of(arguments[2]);
    FineTuneRecipe.of(arguments[0]).data(Path.of(arguments[1])).validFraction(0).run(adapter);

    try (ChatModel model = ChatModel.open(arguments[0]);
        GenerationSession session = new Generator(model.network()).session()) {
      model.load("mine", adapter, BaseCheck.SAME_BASE);
      model.activate(List.of("mine"));
      Conversation chat = new Conversation(model, session);
      chat.say("Who are you?", GenerationOptions.greedy(64), TextListener.printingTo(System.out));
    }
  }
}
