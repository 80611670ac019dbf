package dev.lora4j.llm.constrain.schema;

import dev.lora4j.llm.constrain.grammar.Choice;
import dev.lora4j.llm.constrain.grammar.GrammarBuilder;
import dev.lora4j.llm.constrain.grammar.GrammarNode;
import dev.lora4j.llm.constrain.schema.RegexNode.Alternatives;
import dev.lora4j.llm.constrain.schema.RegexNode.Characters;
import dev.lora4j.llm.constrain.schema.RegexNode.Repeat;
import dev.lora4j.llm.constrain.schema.RegexNode.Sequence;
import java.util.List;

/** JSON strings that match a regular expression. */
record PatternText(GrammarBuilder builder) {

  /** A string that matches, in quotes and escaped only where necessary. */
  GrammarNode string(RegexNode pattern, GrammarNode next) {
    return builder.literal("\"", text(pattern, builder.literal("\"", next)));
  }

  private GrammarNode text(RegexNode pattern, GrammarNode next) {
    if (pattern instanceof Characters characters) {
      CodePointSwitch reader = new CodePointSwitch(builder);
      characters.set().forEachRun((from, to) -> reader.on(from, to, next));
      return reader.build();
    }
    if (pattern instanceof Alternatives alternatives) {
      Choice choice = builder.choice();
      alternatives.options().forEach(option -> choice.or(text(option, next)));
      return choice;
    }
    if (pattern instanceof Repeat repeat) {
      return repeated(repeat, next);
    }
    List<RegexNode> parts = ((Sequence) pattern).parts();
    GrammarNode node = next;
    for (int i = parts.size() - 1; i >= 0; i--) {
      node = text(parts.get(i), node);
    }
    return node;
  }

  private GrammarNode repeated(Repeat repeat, GrammarNode next) {
    GrammarNode node = next;
    if (repeat.most().isEmpty()) {
      Choice loop = builder.choice(next);
      loop.or(text(repeat.part(), loop));
      node = loop;
    } else {
      for (int i = repeat.least(); i < repeat.most().getAsInt(); i++) {
        node = builder.choice(next, text(repeat.part(), node));
      }
    }
    for (int i = 0; i < repeat.least(); i++) {
      GrammarNode after = node;
      node = text(repeat.part(), after);
      if (node == after) { // the part is empty
        return node;
      }
    }
    return node;
  }
}
