/**
 * Language models that are spoken with: {@link dev.lora4j.models.talk.TextModel} is a model with
 * its tokenizer, its chat template and its adapters, {@link dev.lora4j.models.talk.Conversation} a
 * talk that remembers. Text goes in and comes out, piece by piece as it is made. How the next token
 * is chosen is the affair of generation, how a conversation is written that of text.
 */
@NullMarked
package dev.lora4j.models.talk;

import org.jspecify.annotations.NullMarked;
