package dev.lora4j.llm.tokenizer;

/**
 * The tokens of a text, or of two texts one after the other.
 *
 * @param ids token ids
 * @param typeIds the token type of each
 * @param added whether each is a special token that the tokenizer added around the texts
 */
@SuppressWarnings("ArrayRecordComponent") // no equality is needed
public record EncodedText(int[] ids, int[] typeIds, boolean[] added) {}
