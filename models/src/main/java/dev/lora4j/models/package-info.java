/**
 * Networks to adapt, each in one file that reads from top to bottom, with shapes on the lines that
 * change them. What enters is an architecture, or what it takes to bring its weights in.
 */
@NullMarked
package dev.lora4j.models;

import org.jspecify.annotations.NullMarked;
