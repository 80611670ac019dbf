package dev.lora4j.examples.kotlin

import dev.lora4j.llm.chat.ChatModel
import dev.lora4j.llm.chat.Conversation
import dev.lora4j.llm.chat.GenerationOptions
import dev.lora4j.llm.chat.TextListener
import dev.lora4j.llm.generate.Generator
import dev.lora4j.llm.recipe.FineTuneRecipe
import dev.lora4j.lora.format.BaseCheck
import java.nio.file.Path

/** Trains an adapter on conversations, and returns its answer to a question. */
fun fineTuneAndAsk(base: String, data: Path, adapter: Path, question: String): String {
  val loss = mutableListOf<String>()
  FineTuneRecipe.of(base).data(data).validFraction(0.0).rank(8).log { loss += it }.run(adapter)
  loss.forEach(::println)

  return ChatModel.open(base).use { model ->
    model.load("mine", adapter, BaseCheck.SAME_BASE)
    model.activate(listOf("mine"))
    Generator(model.network()).session().use { session ->
      Conversation(model, session)
        .say(question, GenerationOptions.greedy(64), TextListener.printingTo(System.out))
        .text()
    }
  }
}

fun main(arguments: Array<String>) {
  val (base, data, adapter) = arguments
  fineTuneAndAsk(base, Path.of(data), Path.of(adapter), "Who are you?")
}
