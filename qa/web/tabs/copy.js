async text => {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
    } else {
        // Over plain HTTP from another machine, navigator.clipboard is not there.
        const area = document.body.appendChild(document.createElement("textarea"));
        area.value = text;
        area.select();
        document.execCommand("copy");
        area.remove();
    }
    return [text];
}
