/**
 * From text to token ids that a language model is trained on: tokenizers, chat templates, the forms
 * that training data has, loss masks, and rows that several examples may share. Nothing here knows
 * a network or a tensor: what enters is about text, and what leaves are ints.
 */
@NullMarked
package dev.lora4j.models.text;

import org.jspecify.annotations.NullMarked;
