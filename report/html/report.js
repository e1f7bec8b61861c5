/* report.js: what a page is better with, and whole without: buttons that copy, and a search in the flame graph. */
'use strict';

(function () {
	function copy(text) {
		if (navigator.clipboard && window.isSecureContext)
			return navigator.clipboard.writeText(text);
		const area = document.createElement('textarea');
		area.value = text;
		document.body.append(area);
		area.select();
		document.execCommand('copy');
		area.remove();
		return Promise.resolve();
	}

	function addButton(code) {
		const button = document.createElement('button');
		button.type = 'button';
		button.textContent = 'copy';
		button.setAttribute('aria-label', 'copy ' + code.textContent);
		button.addEventListener('click', function () {
			copy(code.textContent).then(function () {
				button.textContent = 'copied';
				button.classList.add('copied');
				setTimeout(function () {
					button.textContent = 'copy';
					button.classList.remove('copied');
				}, 1500);
			}, function () {
				button.textContent = 'not allowed';
			});
		});
		code.after(' ', button);
	}

	/* Goroutines that have such a function on their stacks: the width that its frames cover. */
	function covered(frames) {
		const spans = frames.map(function (frame) {
			const x = Number(frame.dataset.x);
			return [x, x + Number(frame.dataset.w)];
		}).sort(function (a, b) { return a[0] - b[0]; });
		let end = 0, sum = 0;
		for (const span of spans) {
			sum += Math.max(0, span[1] - Math.max(span[0], end));
			end = Math.max(end, span[1]);
		}
		return sum;
	}

	function addSearch(place, flame) {
		const label = document.createElement('label'), input = document.createElement('input'), told = document.createElement('output');
		const frames = Array.from(flame.querySelectorAll('g'));
		label.textContent = 'Find a function: ';
		input.type = 'search';
		input.addEventListener('input', function () {
			const wanted = input.value.trim().toLowerCase();
			const hits = frames.filter(function (frame) {
				const hit = wanted !== '' && frame.dataset.name.toLowerCase().includes(wanted);
				frame.classList.toggle('hit', hit);
				frame.classList.toggle('missed', wanted !== '' && !hit);
				return hit;
			});
			const share = 100 * covered(hits) / flame.viewBox.baseVal.width;
			told.textContent = wanted === '' ? '' : hits.length ? 'on the stacks of ' + share.toFixed(1) + ' % of them' : 'on none of these stacks';
		});
		label.append(input);
		place.append(label, told);
		place.hidden = false;
	}

	document.querySelectorAll('code.copy').forEach(addButton);
	const flame = document.querySelector('svg.flame'), place = document.getElementById('search');
	if (flame && place)
		addSearch(place, flame);
})();
