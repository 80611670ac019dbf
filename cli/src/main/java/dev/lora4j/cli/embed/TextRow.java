package dev.lora4j.cli.embed;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A row of a data file.
 *
 * @param fields all its fields
 * @param text the text to embed
 */
public record TextRow(ObjectNode fields, String text) {}
